/**
 * Linear layers on panels: f32, and W8A16 whose integers run through the same float64 tile.
 *
 *   f32   out[m, n] = Σ_k x[m, k] W[n, k] + b[n]
 *   w8    as tensor/w8.ts defines it: the quantised activations and weights are integers below 2^15, their sum below 2^31,
 *         so float64 holds each step exactly and the tile returns the integer sum
 *
 * Both give the bits of the reference: same order of the sum, same rounding. An int8 panel is widened to f32 once per call, for all rows.
 */

import { floatsOf } from "../../tensor/host-mat.ts";
import type { Mat } from "../../tensor/mat.ts";
import { dequantize, quantizeActivationRow } from "../../tensor/w8.ts";
import type { Linear, WeightMatrix } from "../../tensor/weights.ts";
import { referenceLinear } from "../reference/linear.ts";
import { multiplyPanel, pack, panelSize, type Store } from "./panels.ts";
import { NR } from "./tile.ts";

export interface PackedFloat extends Linear {
  readonly dtype: "f32";
  readonly panels: Float32Array;
  readonly bias: Float32Array;
}

export interface PackedW8 extends Linear {
  readonly dtype: "w8";
  readonly panels: Int8Array;
  readonly bias: Float32Array;
  readonly scale: Float32Array;
  readonly limit: number;
}

export function packLinear(weights: readonly WeightMatrix[], givenBias?: Float32Array): PackedFloat | PackedW8 {
  const layer = referenceLinear(weights, givenBias);
  const { N, K, bias } = layer;
  if (layer.dtype === "w8") {
    const panels = new Int8Array(panelSize(N, K));
    pack(panels, 0, layer.values, 0, K, 1, N, K);
    return { dtype: "w8", N, K, panels, bias, scale: layer.scale, limit: layer.limit };
  }
  const panels = new Float32Array(panelSize(N, K));
  pack(panels, 0, layer.weight, 0, K, 1, N, K);
  return { dtype: "f32", N, K, panels, bias };
}

export function projectPacked(out: Mat, x: Mat, { N, K, panels, bias }: PackedFloat): void {
  const y = floatsOf(out);
  const store: Store = (sums, rows, m, n) => {
    const columns = Math.min(NR, N - n);
    for (let i = 0; i < rows; i++) {
      const to = out.offset + (m + i) * out.stride + n;
      for (let j = 0; j < columns; j++) y[to + j] = sums[i * NR + j]! + bias[n + j]!;
    }
  };
  for (let n = 0; n < N; n += NR) multiplyPanel(floatsOf(x), x.offset, x.stride, x.rows, panels, n * K, K, n, store);
}

/** Scratch of a W8A16 product, all from the caller's frame: quantised rows [M, K], their scales [M, 1], one widened panel [K, 4]. */
export interface W8Scratch {
  readonly rows: Mat;
  readonly rowScale: Mat;
  readonly panel: Mat;
}

export function projectPackedW8(out: Mat, x: Mat, { N, K, panels, bias, scale, limit }: PackedW8, scratch: W8Scratch): void {
  const y = floatsOf(out);
  const rowScale = floatsOf(scratch.rowScale).subarray(scratch.rowScale.offset, scratch.rowScale.offset + x.rows);
  const quantized = floatsOf(scratch.rows);
  for (let m = 0; m < x.rows; m++) {
    const row = quantized.subarray(scratch.rows.offset + m * K, scratch.rows.offset + (m + 1) * K);
    rowScale[m] = quantizeActivationRow(row, floatsOf(x), x.offset + m * x.stride, K, limit);
  }
  const store: Store = (sums, rows, m, n) => {
    const columns = Math.min(NR, N - n);
    for (let i = 0; i < rows; i++) {
      const to = out.offset + (m + i) * out.stride + n;
      for (let j = 0; j < columns; j++) y[to + j] = dequantize(sums[i * NR + j]!, rowScale[m + i]!, scale[n + j]!, bias[n + j]!);
    }
  };
  const panel = floatsOf(scratch.panel);
  const at = scratch.panel.offset;
  for (let n = 0; n < N; n += NR) {
    for (let i = 0; i < NR * K; i++) panel[at + i] = panels[n * K + i]!;
    multiplyPanel(quantized, scratch.rows.offset, K, x.rows, panel, at, K, n, store);
  }
}
