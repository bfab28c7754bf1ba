/**
 * project: a linear layer, out[m, n] = Σ_k x[m, k] W[n, k] + b[n] with W [N, K] as PyTorch stores it.
 *
 * Sum in float64 over k upwards, then the bias, then one rounding to f32 (see matmul.ts for the reason).
 */

import { floatsOf } from "../../tensor/host-mat.ts";
import type { Mat } from "../../tensor/mat.ts";

/** `weight` is [N, K] row-major, `bias` [N]. */
export function project(out: Mat, x: Mat, weight: Float32Array, bias: Float32Array): void {
  const y = floatsOf(out);
  const a = floatsOf(x);
  const K = x.cols;
  for (let m = 0; m < out.rows; m++) {
    const rowM = x.offset + m * x.stride;
    for (let n = 0; n < out.cols; n++) {
      let sum = 0;
      for (let k = 0; k < K; k++) sum += a[rowM + k]! * weight[n * K + k]!;
      y[out.offset + m * out.stride + n] = sum + bias[n]!;
    }
  }
}
