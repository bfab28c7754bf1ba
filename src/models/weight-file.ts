/**
 * One safetensors file of a model folder, opened but not read.
 */

import { FormatError } from "../errors.ts";
import type { ModelFiles } from "../files/types.ts";
import { openFile } from "../safetensors/read.ts";
import type { ByteSource, Safetensors } from "../safetensors/types.ts";

/** One file by its name. @throws FormatError naming the file and the broken rule; an error of `files` where it is absent */
export async function openWeightFile(files: ModelFiles, name: string, signal?: AbortSignal): Promise<Safetensors> {
  return openNamed(openFile, await files.open(name, signal), name, files.label);
}

/** What is wrong inside a file is said together with its name, and a file that is refused is closed again. */
export async function openNamed(
  open: (source: ByteSource) => Promise<Safetensors>,
  source: ByteSource,
  name: string,
  label: string,
): Promise<Safetensors> {
  try {
    return await open(source);
  } catch (error) {
    source.close?.();
    if (!(error instanceof FormatError)) throw error;
    throw new FormatError(`${name} of ${label}: ${error.message}`, { cause: error });
  }
}
