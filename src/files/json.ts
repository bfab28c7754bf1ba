/** JSON files of a model folder: an error sentence names file and folder where they are no JSON. */

import { isObject, show } from "../checks.ts";
import { FormatError } from "../errors.ts";
import type { JsonObject } from "../fields.ts";
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

/** As readJson, where only an object makes sense; an empty one where the file is absent. */
export async function readJsonObject(files: ModelFiles, name: string, signal?: AbortSignal): Promise<JsonObject> {
  return objectOf((await readJson(files, name, signal)) ?? {}, name, files.label);
}

/** As readJsonObject, where nothing works without the file. @throws as ModelFiles.read */
export async function readRequiredObject(files: ModelFiles, name: string, signal?: AbortSignal): Promise<JsonObject> {
  return objectOf(parseJson(await files.read(name, signal), name, files.label), name, files.label);
}

/** @throws FormatError for anything but an object */
export function objectOf(value: unknown, name: string, label: string): JsonObject {
  if (isObject(value)) return value;
  throw new FormatError(`${name} of ${label}: expected a JSON object, found ${show(value)}`);
}
