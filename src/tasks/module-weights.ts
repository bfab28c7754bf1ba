/**
 * The weights of a module beside the Transformer (2_Dense, 3_LayerNorm): model.safetensors of its own folder.
 */

import { ConfigError, DownloadError, UnsupportedError } from "../errors.ts";
import type { ModelFiles } from "../files/types.ts";
import type { Weights } from "../layers/weights.ts";
import { Checkpoint } from "../models/checkpoint.ts";
import { readInPlace } from "../models/in-place.ts";
import { openWeightFile } from "../models/weight-file.ts";
import type { Safetensors } from "../safetensors/types.ts";
import type { Backend } from "../tensor/backend.ts";

/**
 * Reads what `read` wants of the module's model.safetensors, which is closed afterwards.
 * @throws UnsupportedError where only a pytorch_model.bin is there; FormatError naming the file; whatever `read` throws
 */
export async function readModuleWeights<Result>(
  files: ModelFiles,
  read: (weights: Safetensors) => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  const weights = await openWeightFile(files, "model.safetensors", signal).catch(async (error: unknown) => {
    const isAbsent = error instanceof ConfigError || error instanceof DownloadError;
    if (!isAbsent || (await files.readIfPresent("pytorch_model.bin", signal)) === undefined) throw error;
    throw new UnsupportedError(
      `${files.label} has its weights in pytorch_model.bin only; save it again with sentence-transformers, which writes model.safetensors`,
      { cause: error },
    );
  });
  try {
    return await read(weights);
  } finally {
    weights.close();
  }
}

/** Loads a module as a layer is loaded, each tensor by name and shape. @throws WeightError where one is missing or has another shape; else as readModuleWeights */
export function loadModule<Result>(
  files: ModelFiles,
  backend: Backend,
  load: (weights: Weights) => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  const options = { dtype: "auto", signal, readInPlace } as const;
  return readModuleWeights(files, (file) => load(Checkpoint.of(file, backend, files.label, options)), signal);
}
