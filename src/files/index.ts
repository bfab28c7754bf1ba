/** The door of this room: from a model source to its files. */

export { openModelFiles } from "./open.ts";
export type { LoadOptions, ModelFiles, ModelSource, Progress } from "./types.ts";
