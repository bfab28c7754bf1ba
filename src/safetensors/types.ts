/**
 * The safetensors format as types: what a tensor entry is, what an opened file offers, and where its bytes come from.
 * Specification: 8 bytes little-endian header length, a JSON header, then the tensors' bytes without gaps
 * (https://github.com/huggingface/safetensors, README "Format").
 */

/** Element types this library reads and writes; any other name in a file is a FormatError that says which. */
export type DType =
  | "F64"
  | "F32"
  | "F16"
  | "BF16"
  | "F8_E4M3"
  | "F8_E5M2"
  | "I64"
  | "I32"
  | "I16"
  | "I8"
  | "U64"
  | "U32"
  | "U16"
  | "U8"
  | "BOOL";

/** One tensor of the header. `start` and `end` are byte positions in its file (header included); row-major, little-endian. */
export interface TensorEntry {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
  /** The shard that holds the bytes, where the checkpoint has several files. */
  readonly file?: string;
}

/** A file (or something like one) that can be read by byte ranges. Only `size` and `read` are needed. */
export interface ByteSource {
  readonly size: number;
  /** Bytes [start, end); the caller does not write to them, since they may be a view. */
  read(start: number, end: number, signal?: AbortSignal): Promise<Uint8Array>;
  /** Fills `target` from byte `start` on, which may take place in another thread: `target` may be shared memory. */
  readInto?(target: Uint8Array, start: number): Promise<void>;
  /** A file beside this one: the shards of a model.safetensors.index.json. */
  sibling?(name: string): Promise<ByteSource>;
  close?(): void;
}

/** An opened checkpoint of one file or several shards. */
export interface Safetensors {
  /** Metadata strings of the header (`__metadata__`); of shards and index together, where there are several. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Tensors in file order: by the position of their bytes. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  /** The raw bytes of a tensor; a view where the file is in memory, so copy before writing. */
  bytes(name: string): Promise<Uint8Array>;
  /** Fills `target` with the raw bytes of a tensor, many at once if need be: only where the source has readInto. */
  readonly bytesInto?: ((name: string, target: Uint8Array) => Promise<void>) | undefined;
  /** Any dtype decoded and rounded to f32 (to nearest, ties to even), row-major, in a new array that the caller owns. */
  floats(name: string): Promise<Float32Array>;
  /** Closes the files behind it. Reading afterwards is an error; a parsed Uint8Array has nothing to close. */
  close(): void;
}
