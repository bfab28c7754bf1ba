/**
 * pool: the rows of each sequence become one row, out[b, :].
 *
 *   mean         Σ_s x[s] / S                    max          max_s x[s]
 *   meanSqrtLen  Σ_s x[s] / sqrt(S)              weightedMean Σ_s (s + 1) x[s] / Σ_s (s + 1)
 *
 * As sentence-transformers' Pooling module (Reimers & Gurevych 2019, https://arxiv.org/abs/1908.10084), whose division by at least 1e-9
 * only matters for empty sequences, which cannot occur here. Sums in float64 over s upwards.
 */

import type { PoolMode } from "../../tensor/backend.ts";
import { floatsOf } from "../../tensor/host-mat.ts";
import type { Mat } from "../../tensor/mat.ts";
import type { Sequences } from "../../tensor/sequences.ts";

export function pool(out: Mat, x: Mat, sequences: Sequences, mode: PoolMode): void {
  const y = floatsOf(out);
  const a = floatsOf(x);
  for (let b = 0; b < sequences.B; b++) {
    const { first, count: S } = sequences.rowsOf(b);
    for (let c = 0; c < out.cols; c++) {
      let pooled = mode === "max" ? Number.NEGATIVE_INFINITY : 0;
      for (let s = 0; s < S; s++) {
        const value = a[x.offset + (first + s) * x.stride + c]!;
        if (mode === "max") pooled = Math.max(pooled, value);
        else pooled += mode === "weightedMean" ? (s + 1) * value : value;
      }
      y[out.offset + b * out.stride + c] = pooled / divisor(mode, S);
    }
  }
}

function divisor(mode: PoolMode, S: number): number {
  if (mode === "mean") return S;
  if (mode === "meanSqrtLen") return Math.sqrt(S);
  return mode === "weightedMean" ? (S * (S + 1)) / 2 : 1;
}
