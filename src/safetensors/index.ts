/** The safetensors format: hummingbert/safetensors. Reading from memory or by byte ranges, sharded checkpoints, writing. */

export { openSafetensors } from "./open.ts";
export { parseSafetensors } from "./read.ts";
export type { ShardOptions } from "./shards.ts";
export type { ByteSource, DType, Safetensors, TensorEntry } from "./types.ts";
export { serializeSafetensors } from "./write.ts";
