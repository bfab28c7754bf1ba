/**
 * The weights of a model folder, opened but not read: model.safetensors, or the shards of model.safetensors.index.json.
 * What is wrong inside a file is said together with the file's name, and a file that is refused is closed again.
 */

import { ConfigError, DownloadError, FormatError, WeightError } from "../errors.ts";
import type { ModelFiles } from "../files/types.ts";
import { openSafetensors } from "../safetensors/index.ts";
import type { ByteSource, Safetensors } from "../safetensors/types.ts";

/** @throws WeightError where the folder has neither file; FormatError naming the file and the broken rule; an error of `files` for a missing shard */
export async function openWeights(files: ModelFiles, signal?: AbortSignal): Promise<Safetensors> {
  let failure: unknown;
  for (const name of ["model.safetensors", "model.safetensors.index.json"]) {
    const source = await files.open(name, signal).catch((error: unknown) => {
      if (!isAbsent(error)) throw error;
      failure ??= error;
    });
    if (source) return parsed(source, name, files.label);
  }
  if (failure instanceof DownloadError) throw failure;
  throw new WeightError(
    `${files.label}: expected model.safetensors or model.safetensors.index.json, found neither; convert pytorch_model.bin with save_pretrained(safe_serialization=True)`,
    { cause: failure },
  );
}

/** One file by its name. @throws as openWeights; an error of `files` where it is absent */
export async function openWeightFile(files: ModelFiles, name: string, signal?: AbortSignal): Promise<Safetensors> {
  return parsed(await files.open(name, signal), name, files.label);
}

async function parsed(source: ByteSource, name: string, label: string): Promise<Safetensors> {
  try {
    return await openSafetensors(source);
  } catch (error) {
    source.close?.();
    if (!(error instanceof FormatError)) throw error;
    throw new FormatError(`${name} of ${label}: ${error.message}`, { cause: error });
  }
}

/** ModelFiles says that a file is not there with a ConfigError (local) or DownloadError (network). */
function isAbsent(error: unknown): boolean {
  return error instanceof ConfigError || error instanceof DownloadError;
}
