/**
 * The door of this room: from a model source (folder, URL, Hub id, Map of files, nothing) to its files.
 */

export { loadFrom, openModelFiles } from "./open.ts";
export type { LoadOptions, ModelFiles, ModelSource, Progress } from "./types.ts";
