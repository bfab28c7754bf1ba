/** Configurations of a sentence-transformers folder: JSON objects. */

import { FormatError } from "../errors.ts";
import { readJson } from "../files/json.ts";
import type { ModelFiles } from "../files/types.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/** An empty object where the file is absent. @throws FormatError for anything but an object */
export async function readJsonObject(files: ModelFiles, name: string, signal?: AbortSignal): Promise<JsonObject> {
  const value = (await readJson(files, name, signal)) ?? {};
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new FormatError(`${files.label}: ${name} must hold a JSON object`);
  }
  return value as JsonObject;
}
