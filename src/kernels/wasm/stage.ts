/**
 * Rows of an embedding table on their way into wasm memory: the table stays in the file's own bytes, outside, and only the rows looked up are copied.
 * A 47 MB table so costs nothing to load. Neighbouring rows (positions 0, 1, 2, ...) are copied as one run.
 */
import { BYTES_PER_VALUE, decodeRow } from "../../tensor/weight-rows.ts";
import type { WeightMatrix } from "../../tensor/weights.ts";
import type { WasmMemory } from "./memory.ts";

/** What a decode kernel reads. */
export interface StagedRows {
  /** The decode kernel's name. */
  readonly decode: string;
  /** Addresses of the dense rows and, for int8, of their f32 scales. */
  readonly rows: number;
  readonly scales: number;
  /** Address of the rows' indices; 0 where the rows lie in their order. */
  readonly indices: number;
}

/** Bytes of a row in wasm memory. */
const rowBytesOf = ({ dtype, cols }: WeightMatrix) => cols * (dtype === "F64" ? 4 : BYTES_PER_VALUE[dtype]);

/** The kernel that decodes rows of a table. */
export function decodeKernel({ dtype }: WeightMatrix): string {
  return `decode_${dtype === "F64" ? "F32" : dtype}`;
}

/** Copies the rows `indices` of `table`, a zero row for -1, to bytes that stay until the pass ends. */
export function stageRows(memory: WasmMemory, table: WeightMatrix, indices: Int32Array): StagedRows {
  const { dtype } = table;
  const decode = decodeKernel(table);
  const rowBytes = rowBytesOf(table);
  const rows = memory.stage(indices.length * rowBytes);
  const scales = dtype === "I8" ? memory.stage(indices.length * 4) : 0;
  copyRows(memory, rows, rowBytes, table, indices);
  if (dtype === "I8") {
    const staged = new Float32Array(memory.memory.buffer, scales, indices.length);
    for (const [n, index] of indices.entries()) staged[n] = index < 0 ? 0 : table.scale![index]!;
  }
  return { decode, rows, scales, indices: 0 };
}

/** Copies the rows `indices` of `table` to addresses `stride` bytes apart, f64 as f32, zeros for -1. */
export function copyRows(memory: WasmMemory, at: number, stride: number, table: WeightMatrix, indices: Int32Array): void {
  const { dtype, cols } = table;
  const target = memory.bytes;
  const rowBytes = rowBytesOf(table);
  for (let n = 0; n < indices.length; ) {
    const first = indices[n]!;
    const to = at + n * stride;
    let count = 1;
    if (first < 0) {
      target.fill(0, to, to + rowBytes);
    } else if (dtype === "F64") {
      decodeRow(table, first, new Float32Array(target.buffer, to, cols), 0);
    } else {
      if (stride === rowBytes) while (indices[n + count] === first + count) count++;
      target.set(table.bytes.subarray(first * rowBytes, (first + count) * rowBytes), to);
    }
    n += count;
  }
}

/** Copies int32 values to bytes that stay until the pass ends. */
export function stageIntegers(memory: WasmMemory, values: Int32Array): number {
  const at = memory.stage(values.length * 4);
  new Int32Array(memory.memory.buffer, at, values.length).set(values);
  return at;
}
