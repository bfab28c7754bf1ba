/**
 * Inputs of the conformance suite: reproducible random numbers, weights in every dtype, and Mats with gaps between their rows.
 */

import type { Backend } from "../../../src/tensor/backend.ts";
import type { Mat } from "../../../src/tensor/mat.ts";
import type { WeightMatrix } from "../../../src/tensor/weights.ts";

/** Roughly normal numbers (sums of uniform ones) from a small generator (mulberry32), rounded to f32. */
export function normals(count: number, seed: number, size = 1): Float32Array {
  let state = seed * 0x9e3779b9 + 1;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return Float32Array.from({ length: count }, () => (uniform() + uniform() + uniform() + uniform() - 2) * 1.73 * size);
}

/** A row-major [rows, cols] array with its sizes: what the oracles read. */
export interface Values {
  readonly rows: number;
  readonly cols: number;
  readonly data: ArrayLike<number>;
}

export function sample(rows: number, cols: number, seed: number, size = 1): Values & { readonly data: Float32Array } {
  return { rows, cols, data: normals(rows * cols, seed, size) };
}

/** The values as a dense constant of the backend. */
export function dense(backend: Backend, { rows, cols, data }: Values): Mat {
  return backend.constant(Float32Array.from(data), rows, cols);
}

/** The values as columns 3 .. 3 + cols of a wider constant, below one more row; NaN around them shows a read outside. */
export function strided(backend: Backend, { rows, cols, data }: Values): Mat {
  const wide = new Float32Array((rows + 1) * (cols + 5)).fill(Number.NaN);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) wide[(r + 1) * (cols + 5) + 3 + c] = data[r * cols + c]!;
  }
  return backend
    .constant(wide, rows + 1, cols + 5)
    .slice({ first: 1, count: rows })
    .columns(3, cols);
}

const bytesOf = (array: Float32Array | Float64Array | Int8Array | Uint16Array) =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

export function f32Weight({ rows, cols, data }: Values): WeightMatrix {
  return { dtype: "F32", rows, cols, bytes: bytesOf(Float32Array.from(data)) };
}

/** Small random weights in `dtype`, and the values that they decode to. The bytes start at an odd address, as in a file. */
export function weightOf(dtype: WeightMatrix["dtype"], rows: number, cols: number, seed: number): { weight: WeightMatrix; values: Values } {
  const count = rows * cols;
  const random = normals(count, seed);
  let bytes: Uint8Array;
  let data: ArrayLike<number>;
  let scale: Float32Array | undefined;
  if (dtype === "F64") {
    const doubles = Float64Array.from(random, (x) => x * 1.1);
    [bytes, data] = [bytesOf(doubles), Float32Array.from(doubles)];
  } else if (dtype === "F32") {
    [bytes, data] = [bytesOf(random), random];
  } else if (dtype === "BF16") {
    const high = Uint16Array.from(new Uint32Array(random.buffer), (word) => word >>> 16);
    [bytes, data] = [bytesOf(high), new Float32Array(Uint32Array.from(high, (word) => word << 16).buffer)];
  } else if (dtype === "F16") {
    // Multiples of 1/16 below 2 have an exponent and at most 5 fraction bits: their pattern is easy to write down.
    const numbers = Array.from(random, (x) => Math.max(-31, Math.min(31, Math.round(x * 16))) / 16);
    [bytes, data] = [bytesOf(Uint16Array.from(numbers, halfBits)), numbers];
  } else {
    const values = Int8Array.from(random, (x) => Math.max(-128, Math.min(127, Math.round(x * 50))));
    const rowScale = Float32Array.from({ length: rows }, (_, n) => 0.01 + n / 997);
    [bytes, scale, data] = [bytesOf(values), rowScale, Float32Array.from(values, (q, i) => q * rowScale[Math.floor(i / cols)]!)];
  }
  const shifted = new Uint8Array(bytes.length + 1);
  shifted.set(bytes, 1);
  const weight = { dtype, rows, cols, bytes: shifted.subarray(1), ...(scale ? { scale } : {}) };
  return { weight, values: { rows, cols, data } };
}

function halfBits(x: number): number {
  if (x === 0) return 0;
  const exponent = Math.floor(Math.log2(Math.abs(x)));
  return (x < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | ((Math.abs(x) / 2 ** exponent - 1) * 1024);
}
