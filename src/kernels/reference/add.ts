/**
 * add: out[t, c] = a[t, c] + b[t, c], rounded to f32. The residual connection.
 */

import { floatsOf } from "../../tensor/host-mat.ts";
import type { Mat } from "../../tensor/mat.ts";

export function add(out: Mat, a: Mat, b: Mat): void {
  const [y, p, q] = [floatsOf(out), floatsOf(a), floatsOf(b)];
  for (let t = 0; t < out.rows; t++) {
    for (let c = 0; c < out.cols; c++) {
      y[out.offset + t * out.stride + c] = p[a.offset + t * a.stride + c]! + q[b.offset + t * b.stride + c]!;
    }
  }
}
