/** JSON files of a model folder: read if present, and an error sentence that names folder and file where they are no JSON. */

import { FormatError } from "../errors.ts";
import type { ModelFiles } from "../files/types.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/** @throws FormatError when the file is no JSON; @returns undefined when it is absent */
export async function readJson(files: ModelFiles, name: string, signal?: AbortSignal): Promise<unknown> {
  const bytes = await files.readIfPresent(name, signal);
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new FormatError(`${files.label}: ${name} is not JSON (${(cause as Error).message}); the file is damaged, fetch it again`, {
      cause,
    });
  }
}

/** As readJson, where only an object makes sense; an empty one when the file is absent. */
export async function readJsonObject(files: ModelFiles, name: string, signal?: AbortSignal): Promise<JsonObject> {
  const value = (await readJson(files, name, signal)) ?? {};
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new FormatError(`${files.label}: ${name} must hold a JSON object`);
  }
  return value as JsonObject;
}
