/** Weights, packed layers, guarded rows and levels for the tests of the linear kernels. */
import { expect } from "vitest";
import type { FeatureLevel } from "../../../src/kernels/wasm/level.ts";
import { type PackingKernels, packedSize, packLinear } from "../../../src/kernels/wasm/pack.ts";
import { exactDot8 } from "../../../src/kernels/wasm/probes.ts";
import { quantizeWeightRows } from "../../../src/tensor/w8.ts";
import type { WeightMatrix } from "../../../src/tensor/weights.ts";
import { type Bench, levelsHere, randomFloats } from "./harness.ts";

export const GUARD = 5; // floats after each row of out and x that must stay, and not be read

export function f32Weight(rows: number, cols: number, seed: number): WeightMatrix {
  return { dtype: "F32", rows, cols, bytes: new Uint8Array(randomFloats(rows * cols, seed).buffer) };
}

export function w8Weight(rows: number, cols: number, seed: number): WeightMatrix {
  const { values, scale } = quantizeWeightRows(randomFloats(rows * cols, seed), rows, cols);
  return { dtype: "I8", rows, cols, bytes: new Uint8Array(values.buffer), scale };
}

export function pack(bench: Bench, weights: readonly WeightMatrix[], bias?: Float32Array) {
  const { byteCount, stagingBytes } = packedSize(weights);
  const kernels = { ...bench.kernels, memory: bench.memory } as unknown as PackingKernels;
  const panels = bench.bytes(byteCount);
  const linear = packLinear(kernels, weights, bias, panels, bench.bytes(stagingBytes));
  expect(new Float32Array(bench.memory.buffer, panels + byteCount, 1)[0], "guard after the panels").toBeNaN();
  return linear;
}

/** x as rows with NaN between them. */
export function guardedRows(values: Float32Array, rows: number, cols: number): Float32Array {
  const stride = cols + GUARD;
  const out = new Float32Array(rows * stride).fill(Number.NaN);
  for (let r = 0; r < rows; r++) out.set(values.subarray(r * cols, (r + 1) * cols), r * stride);
  return out;
}

export function unguard(values: Float32Array, rows: number, cols: number): Float32Array {
  const stride = cols + GUARD;
  const out = new Float32Array(rows * cols);
  for (let r = 0; r < rows; r++) {
    out.set(values.subarray(r * stride, r * stride + cols), r * cols);
    for (let g = cols; g < stride; g++) expect(values[r * stride + g], `row ${r}: column ${g} is outside`).toBeNaN();
  }
  return out;
}

export const levels = levelsHere();
const dot8 = exactDot8();
if (dot8) levels.push(["fused, dot8", { fma: true, wide: false, dot8 }]);

/** Rows of q as the kernels of a level store them, as int16 again. */
export function readRow(bench: Bench, level: FeatureLevel, at: number, qStride: number, K: number): Int16Array {
  const { buffer } = bench.memory;
  if (!level.dot8) return new Int16Array(buffer, at, K).slice();
  const high = new Uint8Array(buffer, at, K);
  const low = new Uint8Array(buffer, at + qStride, K);
  const flip = level.dot8 === "signed" ? 0x80 : 0;
  return Int16Array.from(high, (digit, k) => (digit ^ flip) * 256 + (low[k]! ^ flip) - 32768);
}
