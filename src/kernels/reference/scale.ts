/**
 * scale: out[t, c] = x[t, c] * factor.
 *
 * The factor is rounded to f32 first, as every backend holds it; the product is then rounded once.
 */

import { floatsOf } from "../../tensor/host-mat.ts";
import type { Mat } from "../../tensor/mat.ts";

export function scale(out: Mat, x: Mat, factor: number): void {
  const y = floatsOf(out);
  const a = floatsOf(x);
  const f = Math.fround(factor);
  for (let t = 0; t < out.rows; t++) {
    for (let c = 0; c < out.cols; c++) y[out.offset + t * out.stride + c] = a[x.offset + t * x.stride + c]! * f;
  }
}
