/**
 * Vectors on disk: a safetensors file with one F32 tensor "vectors" [N, C], written row by row and read block by block, so that neither
 * needs more memory than a block. The header has a fixed size, padded with spaces as the format allows, and is filled in last.
 */
import { type FileHandle, open, rm } from "node:fs/promises";
import { openSafetensors } from "../../safetensors/index.ts";

const HEADER_BYTES = 256; // with the 8 bytes of its length
const FLUSH_BYTES = 1 << 20;

export class VectorFileWriter {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #dimension: number;
  #rows = 0;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #position = 0;

  private constructor(path: string, file: FileHandle, dimension: number) {
    this.#path = path;
    this.#file = file;
    this.#dimension = dimension;
  }

  /** @throws Error when the file exists */
  static async create(path: string, dimension: number): Promise<VectorFileWriter> {
    const file = await open(path, "wx");
    const writer = new VectorFileWriter(path, file, dimension);
    writer.#pending.push(new Uint8Array(HEADER_BYTES));
    return writer;
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
    await writeWhole(this.#file, header, 0);
    await this.#file.sync();
    await this.#file.close();
  }

  /** Closes and removes what there is: a failed run takes no space. */
  async abandon(): Promise<void> {
    await this.#file.close().catch(() => {});
    await rm(this.#path, { force: true }).catch(() => {});
  }

  async #flush(): Promise<void> {
    for (const bytes of this.#pending) {
      await writeWhole(this.#file, bytes, this.#position);
      this.#position += bytes.length;
    }
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

  /** The same into an array that is there: no copy on the way. */
  async readInto(out: Float32Array, first: number, count: number): Promise<void> {
    const rowBytes = this.dimension * 4;
    const bytes = new Uint8Array(out.buffer, out.byteOffset, count * rowBytes);
    await fill(this.#file, bytes, this.#start + first * rowBytes);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

async function readExactly(file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  await fill(file, bytes, position);
  return bytes;
}

async function fill(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, done, bytes.length - done, position + done);
    if (bytesRead === 0) throw new Error("the vector file ends early; make the index again with --rebuild");
    done += bytesRead;
  }
}

/** The system may write a part of what it is given, as on a disk that is nearly full. */
async function writeWhole(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}
