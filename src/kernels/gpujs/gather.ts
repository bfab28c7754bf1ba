/**
 * gather: out[n, :] = table[indices[n], :], a zero row where the index is -1.
 *
 * The table stays in the file's bytes. Each row that is asked for is decoded once on the CPU; the kernel then takes from those rows.
 */

import { decodeRow } from "../../tensor/weight-rows.ts";
import type { WeightMatrix } from "../../tensor/weights.ts";
import type { GpuKernels, Matrix } from "./gpu.ts";
import { take } from "./take.ts";

export function gather(gpu: GpuKernels, table: WeightMatrix, indices: Int32Array): Promise<Matrix> {
  const rows: Float32Array[] = [];
  const rowOf = new Map<number, number>([[-1, -1]]);
  for (const index of indices) {
    if (rowOf.has(index)) continue;
    const row = new Float32Array(table.cols);
    decodeRow(table, index, row, 0);
    rowOf.set(index, rows.length);
    rows.push(row);
  }
  if (rows.length === 0) rows.push(new Float32Array(table.cols));
  return take(
    gpu,
    rows,
    indices.map((index) => rowOf.get(index)!),
  );
}
