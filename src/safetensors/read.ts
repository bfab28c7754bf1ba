/**
 * Safetensors from bytes in memory or from a source of byte ranges. Opening reads the 8 bytes of the length and the header, nothing more;
 * a tensor's bytes are read when they are asked for. open.ts adds checkpoints of several files.
 */

import { decode } from "../numbers/decode.ts";
import { bytesPerElement } from "./dtypes.ts";
import { type Header, headerLength, prefixBytes, readHeader } from "./header.ts";
import { unknownTensor } from "./nearby.ts";
import { broken, checkBytes } from "./rules.ts";
import type { ByteSource, Safetensors, TensorEntry } from "./types.ts";

/**
 * Validates a whole file in memory. Tensors stay views of `file`.
 * @throws FormatError that names the broken rule; ConfigError for what are no bytes
 */
export function parseSafetensors(file: Uint8Array): Safetensors {
  checkBytes(file, "parseSafetensors");
  const length = headerLength(file.subarray(0, prefixBytes), file.length);
  return new OneFile(readHeader(file.subarray(prefixBytes, prefixBytes + length), file.length), memorySource(file), file);
}

/**
 * Opens one safetensors file, reading only its header.
 * @throws FormatError that names the broken rule
 */
export async function openFile(file: ByteSource, signal?: AbortSignal): Promise<Safetensors> {
  const prefix = await readExactly(file, 0, Math.min(prefixBytes, file.size), signal);
  const length = headerLength(prefix, file.size);
  const header = await readExactly(file, prefixBytes, prefixBytes + length, signal);
  return new OneFile(readHeader(header, file.size), file, undefined);
}

/** Reads [start, end) and holds a source to its word, so that nothing further on meets fewer bytes than it asked for. */
export async function readExactly(file: ByteSource, start: number, end: number, signal?: AbortSignal): Promise<Uint8Array> {
  const bytes = await file.read(start, end, signal);
  if (bytes?.length !== end - start)
    throw broken("ShortRead", `asked for bytes ${start} to ${end}, got ${bytes?.length} of ${end - start}; is the file cut?`);
  return bytes;
}

/** The ByteSource of bytes in memory. */
export function memorySource(file: Uint8Array): ByteSource {
  return {
    size: file.length,
    read: async (start, end) => file.subarray(start, end),
  };
}

class OneFile implements Safetensors {
  readonly metadata: ReadonlyMap<string, string>;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly bytesInto: Safetensors["bytesInto"];
  readonly #source: ByteSource;
  readonly #memory: Uint8Array | undefined;

  constructor(header: Header, source: ByteSource, memory: Uint8Array | undefined) {
    this.metadata = header.metadata;
    this.tensors = header.tensors;
    this.#source = source;
    if (source.readInto) this.bytesInto = async (name, target) => source.readInto!(target, this.#entry(name).start);
    this.#memory = memory;
  }

  #entry(name: string): TensorEntry {
    const entry = this.tensors.get(name);
    if (entry === undefined) throw unknownTensor(name, this.tensors);
    return entry;
  }

  async bytes(name: string): Promise<Uint8Array> {
    const { start, end } = this.#entry(name);
    return this.#memory?.subarray(start, end) ?? readExactly(this.#source, start, end);
  }

  async floats(name: string): Promise<Float32Array> {
    const { dtype } = this.#entry(name);
    const bytes = await this.bytes(name);
    const floats = new Float32Array(bytes.length / bytesPerElement[dtype]);
    decode(dtype, bytes, 0, floats);
    return floats;
  }

  close(): void {
    this.#source.close?.();
  }
}
