/**
 * The weights of a model folder, opened but not read: model.safetensors, or the shards of model.safetensors.index.json.
 */

import { ConfigError, DownloadError, WeightError } from "../errors.ts";
import type { ModelFiles } from "../files/types.ts";
import { openSafetensors } from "../safetensors/open.ts";
import type { Safetensors } from "../safetensors/types.ts";
import { openNamed } from "./weight-file.ts";

/** @throws WeightError where the folder has neither file; FormatError naming the file and the broken rule; an error of `files` for a missing shard */
export async function openWeights(files: ModelFiles, signal?: AbortSignal): Promise<Safetensors> {
  let failure: unknown;
  for (const name of ["model.safetensors", "model.safetensors.index.json"]) {
    const source = await files.open(name, signal).catch((error: unknown) => {
      if (!isAbsent(error)) throw error;
      failure ??= error;
    });
    if (source) return openNamed(openSafetensors, source, name, files.label);
  }
  if (failure instanceof DownloadError) throw failure;
  throw new WeightError(
    `${files.label}: expected model.safetensors or model.safetensors.index.json, found neither; convert pytorch_model.bin with save_pretrained(safe_serialization=True)`,
    { cause: failure },
  );
}

/** ModelFiles says that a file is not there with a ConfigError (local) or DownloadError (network). */
function isAbsent(error: unknown): boolean {
  return error instanceof ConfigError || error instanceof DownloadError;
}
