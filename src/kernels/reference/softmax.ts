/**
 * softmax: out[i, j] = exp(x[i, j] - max_i) / Σ_j exp(x[i, j] - max_i), row by row.
 *
 * The row maximum is subtracted so that exp stays <= 1 and cannot overflow. With a window only the columns |i - j| <= window
 * take part and the others become 0 (local attention: Beltagy et al. 2020, https://arxiv.org/abs/2004.05150).
 */

import { floatsOf } from "../../tensor/host-mat.ts";
import type { Mat } from "../../tensor/mat.ts";

export function softmax(out: Mat, x: Mat, window: number): void {
  const y = floatsOf(out);
  const a = floatsOf(x);
  const exps = new Float64Array(out.cols);
  for (let i = 0; i < out.rows; i++) {
    const rowI = x.offset + i * x.stride;
    const first = Math.max(0, i - window);
    const last = Math.min(out.cols - 1, i + window);
    let max = Number.NEGATIVE_INFINITY;
    for (let j = first; j <= last; j++) max = Math.max(max, a[rowI + j]!);
    let sum = 0;
    for (let j = first; j <= last; j++) {
      const e = Math.exp(a[rowI + j]! - max);
      exps[j] = e;
      sum += e;
    }
    for (let j = 0; j < out.cols; j++) {
      y[out.offset + i * out.stride + j] = j >= first && j <= last ? exps[j]! / sum : 0;
    }
  }
}
