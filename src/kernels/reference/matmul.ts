/**
 * matmul: out[m, n] = Σ_k a[m, k] b[k, n], or b[n, k] when transposeB.
 *
 * The sum runs over k upwards in float64 and is rounded to f32 once: products of two f32 are exact there,
 * so the result is the exact sum within K * 2^-53 and a last rounding. That makes it the oracle of every faster order.
 */

import { floatsOf } from "../../tensor/host-mat.ts";
import type { Mat } from "../../tensor/mat.ts";

export function matmul(out: Mat, a: Mat, b: Mat, transposeB: boolean): void {
  const y = floatsOf(out);
  const x = floatsOf(a);
  const w = floatsOf(b);
  const [strideK, strideN] = transposeB ? [1, b.stride] : [b.stride, 1];
  for (let m = 0; m < out.rows; m++) {
    for (let n = 0; n < out.cols; n++) {
      let sum = 0;
      for (let k = 0; k < a.cols; k++) {
        sum += x[a.offset + m * a.stride + k]! * w[b.offset + k * strideK + n * strideN]!;
      }
      y[out.offset + m * out.stride + n] = sum;
    }
  }
}
