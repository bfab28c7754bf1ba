/**
 * Rows of a WeightMatrix as f32, from the file's own bytes: what gather does per lookup and packing does per load.
 *
 *   F64 rounds to f32; F32, F16 and BF16 are exact; I8 is int8 * scale[row], rounded to f32 once.
 */

import { ShapeError } from "../errors.ts";
import { decode } from "../numbers/decode.ts";
import type { WeightDType, WeightMatrix } from "./weights.ts";

export const BYTES_PER_VALUE: Readonly<Record<WeightDType, number>> = { F64: 8, F32: 4, F16: 2, BF16: 2, I8: 1 };

/** @throws ShapeError unless bytes and scale have the lengths that rows, cols and dtype ask for */
export function checkWeight({ dtype, rows, cols, bytes, scale }: WeightMatrix): void {
  const expected = rows * cols * BYTES_PER_VALUE[dtype];
  if (bytes.length !== expected) {
    throw new ShapeError(`weight: [${rows}, ${cols}] of ${dtype} takes ${expected} bytes, got ${bytes.length}`);
  }
  if (dtype === "I8" && scale?.length !== rows) {
    throw new ShapeError(`weight: int8 [${rows}, ${cols}] needs ${rows} scales, one a row, got ${scale?.length ?? "none"}`);
  }
}

/** N, K and the bias (zeros where absent) of stacked weights. @throws ShapeError where they do not fit together */
export function checkLinear(
  weights: readonly WeightMatrix[],
  bias: Float32Array | undefined,
): { N: number; K: number; bias: Float32Array } {
  if (weights.length === 0) throw new ShapeError("linear: expected at least one weight matrix");
  const K = weights[0]!.cols;
  let N = 0;
  for (const weight of weights) {
    checkWeight(weight);
    if (weight.cols !== K) throw new ShapeError(`linear: stacked weights need equal inputs, got K = ${K} and K = ${weight.cols}`);
    N += weight.rows;
  }
  if (bias && bias.length !== N) throw new ShapeError(`linear: ${N} outputs need a bias of ${N} values, got ${bias.length}`);
  return { N, K, bias: bias?.slice() ?? new Float32Array(N) };
}

/** Writes row `row` of `weight` to out[at .. at + cols). */
export function decodeRow(weight: WeightMatrix, row: number, out: Float32Array, at: number): void {
  const { dtype, cols, bytes, scale } = weight;
  const size = BYTES_PER_VALUE[dtype];
  const start = row * cols * size;
  if (dtype !== "I8") {
    decode(dtype, bytes, start, out.subarray(at, at + cols));
    return;
  }
  const rowScale = scale![row]!;
  for (let c = 0; c < cols; c++) out[at + c] = ((bytes[start + c]! << 24) >> 24) * rowScale;
}

/** The whole matrix as f32, row-major, in a new array. */
export function decodeMatrix(weight: WeightMatrix): Float32Array {
  const { rows, cols } = weight;
  const values = new Float32Array(rows * cols);
  for (let row = 0; row < rows; row++) decodeRow(weight, row, values, row * cols);
  return values;
}
