/** JSON files of a model folder: an error sentence names file and folder where they are no JSON. */

import { FormatError } from "../errors.ts";
import type { ModelFiles } from "./types.ts";

export function parseJson(bytes: Uint8Array, name: string, label: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new FormatError(`${name} of ${label} is not JSON (${(cause as Error).message}); is the file complete?`, { cause });
  }
}

/** @throws FormatError where the file is no JSON; @returns undefined where it is absent */
export async function readJson(files: Pick<ModelFiles, "label" | "readIfPresent">, name: string, signal?: AbortSignal): Promise<unknown> {
  const bytes = await files.readIfPresent(name, signal);
  return bytes && parseJson(bytes, name, files.label);
}
