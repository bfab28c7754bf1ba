/**
 * A small embedding table (positions, token types) that moves into the model's shared memory: passes then stage indices of it instead of rows.
 * What one thread stages and another reads crosses from core to core line by line: 1.6 MB for 512 tokens of MiniLM, 3 ms of a pass of 55 ms.
 * It moves when the workers start, so that neither loading nor the first result waits for it; the bytes that the file gave are then free.
 */
import type { WeightDType, WeightMatrix } from "../../../tensor/weights.ts";
import type { WasmMemory } from "../memory.ts";
import { decodeKernel, type StagedRows, stageIntegers } from "../stage.ts";

/** Twice BERT's positions in f32; tables of words are larger. */
const MOST_BYTES = 2 ** 21;

export class SmallTable implements WeightMatrix {
  readonly dtype: WeightDType;
  readonly rows: number;
  readonly cols: number;
  #bytes: Uint8Array;
  /** Address in the memory; 0 as long as it is not there. */
  #at = 0;

  constructor({ dtype, rows, cols, bytes }: WeightMatrix) {
    this.dtype = dtype;
    this.rows = rows;
    this.cols = cols;
    this.#bytes = bytes;
  }

  /** Whether kernels can decode the table in place (int8 rows have scales elsewhere, f64 is decoded while it is staged) and it is small. */
  static fits({ dtype, bytes }: WeightMatrix): boolean {
    return dtype !== "I8" && dtype !== "F64" && bytes.length <= MOST_BYTES;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }
  /** Outside of a pass. */
  moveTo(memory: WasmMemory): void {
    this.#at = memory.reserve(this.#bytes.length);
    const placed = new Uint8Array(memory.memory.buffer, this.#at, this.#bytes.length); // shared memory: stays a view of it when that grows
    placed.set(this.#bytes);
    this.#bytes = placed;
  }

  /** Its rows by index; undefined where they must be copied: the table is not there yet, or there are rows of zeros (index -1), which it has not. */
  stage(memory: WasmMemory, indices: Int32Array): StagedRows | undefined {
    if (this.#at === 0 || indices.some((index) => index < 0)) return undefined;
    return { decode: decodeKernel(this), rows: this.#at, scales: 0, indices: stageIntegers(memory, indices) };
  }
}
