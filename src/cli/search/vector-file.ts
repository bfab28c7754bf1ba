/**
 * Vectors on disk: a safetensors file with one F32 tensor "vectors" [N, C], written row by row and read block by block, so that neither
 * needs more memory than a block. The header has a fixed size, padded with spaces as the format allows, and is filled in last.
 */
import { type FileHandle, open } from "node:fs/promises";
import { openSafetensors } from "../../safetensors/index.ts";

const HEADER_BYTES = 256; // with the 8 bytes of its length
const FLUSH_BYTES = 1 << 20;
const BLOCK_ROWS = 4096;

export class VectorFileWriter {
  readonly #file: FileHandle;
  readonly #dimension: number;
  #rows = 0;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;

  private constructor(file: FileHandle, dimension: number) {
    this.#file = file;
    this.#dimension = dimension;
  }

  /** @throws Error when the file exists */
  static async create(path: string, dimension: number): Promise<VectorFileWriter> {
    const file = await open(path, "wx");
    await file.write(new Uint8Array(HEADER_BYTES));
    return new VectorFileWriter(file, dimension);
  }

  get rows(): number {
    return this.#rows;
  }

  /** One or more rows of C values. */
  async append(vectors: Float32Array): Promise<void> {
    this.#pending.push(new Uint8Array(vectors.slice().buffer));
    this.#pendingBytes += vectors.byteLength;
    this.#rows += vectors.length / this.#dimension;
    if (this.#pendingBytes >= FLUSH_BYTES) await this.#flush();
  }

  /** Writes the header and closes; only now is the file a safetensors file. */
  async finish(): Promise<void> {
    await this.#flush();
    const bytes = this.#rows * this.#dimension * 4;
    const json = JSON.stringify({ vectors: { dtype: "F32", shape: [this.#rows, this.#dimension], data_offsets: [0, bytes] } });
    const header = new Uint8Array(HEADER_BYTES).fill(0x20);
    new DataView(header.buffer).setBigUint64(0, BigInt(HEADER_BYTES - 8), true);
    new TextEncoder().encodeInto(json, header.subarray(8));
    await this.#file.write(header, 0, HEADER_BYTES, 0);
    await this.#file.sync();
    await this.#file.close();
  }

  async abandon(): Promise<void> {
    await this.#file.close().catch(() => {});
  }

  async #flush(): Promise<void> {
    for (const bytes of this.#pending) await this.#file.write(bytes);
    this.#pending = [];
    this.#pendingBytes = 0;
  }
}

export class VectorFileReader {
  readonly rows: number;
  readonly dimension: number;
  readonly #file: FileHandle;
  readonly #start: number;

  private constructor(file: FileHandle, rows: number, dimension: number, start: number) {
    this.rows = rows;
    this.dimension = dimension;
    this.#file = file;
    this.#start = start;
  }

  /** @throws FormatError when the file is not such a file */
  static async open(path: string): Promise<VectorFileReader> {
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      const source = { size, read: (start: number, end: number) => readExactly(file, start, end - start) };
      const entry = (await openSafetensors(source)).tensors.get("vectors");
      if (entry?.dtype !== "F32" || entry.shape.length !== 2) throw new Error(`${path} has no F32 tensor "vectors" [N, C]`);
      return new VectorFileReader(file, entry.shape[0]!, entry.shape[1]!, entry.start);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Rows [first, first + count) as one array. */
  async read(first: number, count: number): Promise<Float32Array> {
    const rowBytes = this.dimension * 4;
    const bytes = await readExactly(this.#file, this.#start + first * rowBytes, count * rowBytes);
    return new Float32Array(bytes.buffer, bytes.byteOffset, count * this.dimension);
  }

  /** All rows, in order. */
  async *vectors(): AsyncIterable<Float32Array> {
    for (let first = 0; first < this.rows; first += BLOCK_ROWS) {
      const count = Math.min(BLOCK_ROWS, this.rows - first);
      const block = await this.read(first, count);
      for (let r = 0; r < count; r++) yield block.subarray(r * this.dimension, (r + 1) * this.dimension);
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

async function readExactly(file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, length - done, position + done);
    if (bytesRead === 0) throw new Error("the vector file ends early; rebuild the index with --rebuild");
    done += bytesRead;
  }
  return bytes;
}
