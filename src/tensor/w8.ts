/**
 * W8A16: the definition of the engine's quantised linear layer, y = x Wᵀ + b.
 *
 *   weights      scale_n = max_k |W[n,k]| / 127               q[n,k] = round(W[n,k] / scale_n), in [-127, 127]
 *   limit        A = min(32767, floor((2^31 - 1) / max_n Σ_k |q[n,k]|)): no int32 sum of A-limited rows can overflow
 *   activations  scale_t = max_k |x[t,k]| / A                 a[t,k] = round(x[t,k] * (A / max_k |x[t,k]|)), in [-A, A]
 *   product      acc[t,n] = Σ_k a[t,k] q[n,k]                 exact in int32, so its order does not matter
 *   result       y[t,n] = f32(acc) * (scale_t * scale_n) + b[n]
 *
 * `round` is to nearest, ties to even (the rule of torch.round and of WebAssembly's nearest). Weights are quantised in
 * float64 and scale_n is rounded to f32 when stored (an f32 quotient would differ once in 170,000 real weights); at run time every
 * operation rounds to f32.
 * An activation row of zeros has scale 0 and every sum 0. Symmetric int8 per output channel as in compressed-tensors' "int-quantized" files, whose -128 is accepted.
 */

import { expectLength } from "./checks.ts";

/** The largest int16 magnitude used for activations: symmetric, so 32767. */
export const MAX_ACTIVATION = 32767;
const MAX_WEIGHT = 127;
/** The smallest normal f32. */
const SMALLEST_SCALE = 2 ** -126;
const INT32_MAX = 2 ** 31 - 1;
/** 1.5 * 2^52: where float64 has no fraction bits left, so that adding it rounds to nearest even. */
const ROUNDER = 1.5 * 2 ** 52;

/** Nearest integer, ties to even, for magnitudes below 2^51. */
export function roundHalfEven(x: number): number {
  return x + ROUNDER - ROUNDER;
}

export interface QuantizedWeight {
  /** [N, K] row-major, in [-127, 127]. */
  readonly values: Int8Array;
  /** [N], one a row (output channel). */
  readonly scale: Float32Array;
}

/** Rounds a [rows, cols] f32 weight to int8 with one scale a row. A row of zeros gets the scale 1 (torch's divisions stay finite), so it is exact. */
export function quantizeWeightRows(weight: Float32Array, rows: number, cols: number): QuantizedWeight {
  expectLength("quantize", weight, rows, cols);
  const values = new Int8Array(rows * cols);
  const scale = new Float32Array(rows);
  for (let n = 0; n < rows; n++) {
    const row = weight.subarray(n * cols, (n + 1) * cols);
    const absmax = maxMagnitude(row);
    const rowScale = absmax / MAX_WEIGHT;
    // A scale that f32 cannot hold to 24 bits would not give the weights back: such a row is zero for every purpose.
    scale[n] = rowScale < SMALLEST_SCALE ? 1 : rowScale;
    if (rowScale < SMALLEST_SCALE) continue;
    for (let k = 0; k < cols; k++) values[n * cols + k] = roundHalfEven(row[k]! / rowScale);
  }
  return { values, scale };
}

/** A of the definition above, for the [rows, cols] int8 weights of one linear layer. */
export function activationLimit(values: Int8Array, rows: number, cols: number): number {
  let largest = 1;
  for (let n = 0; n < rows; n++) {
    let sum = 0;
    for (let k = 0; k < cols; k++) sum += Math.abs(values[n * cols + k]!);
    largest = Math.max(largest, sum);
  }
  return activationLimitFor(largest);
}

/** A for the largest sum of magnitudes of a row, at least 1. */
export function activationLimitFor(largestSum: number): number {
  return Math.min(MAX_ACTIVATION, Math.floor(INT32_MAX / largestSum));
}

/**
 * Quantises one row x[at .. at + K) into `out` (K values) and returns its scale.
 * A row whose largest magnitude is so small that A / max overflows f32 counts as zeros; NaN or infinity anywhere makes the scale NaN or
 * infinite and with it the whole output row, as an f32 layer would.
 */
export function quantizeActivationRow(out: Int16Array | Float32Array, x: Float32Array, at: number, K: number, limit: number): number {
  let absmax = 0;
  for (let k = 0; k < K; k++) absmax = Math.max(absmax, Math.abs(x[at + k]!));
  const inverse = Math.fround(limit / absmax);
  if (inverse === Number.POSITIVE_INFINITY) {
    out.fill(0, 0, K);
    return 0;
  }
  for (let k = 0; k < K; k++) out[k] = roundHalfEven(Math.fround(x[at + k]! * inverse));
  return Math.fround(absmax / limit);
}

/** The last line of the definition: y from the exact integer sum. */
export function dequantize(acc: number, rowScale: number, channelScale: number, bias: number): number {
  return Math.fround(Math.fround(Math.fround(acc) * Math.fround(rowScale * channelScale)) + bias);
}

function maxMagnitude(row: Float32Array): number {
  let max = 0;
  for (const value of row) max = Math.max(max, Math.abs(value));
  return max;
}
