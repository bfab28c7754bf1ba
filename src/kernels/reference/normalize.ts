/**
 * normalize: out[t, :] = x[t, :] / max(|x[t, :]|₂, 1e-12), as torch.nn.functional.normalize: unit vectors, and a zero row stays zero.
 */

import { floatsOf } from "../../tensor/host-mat.ts";
import type { Mat } from "../../tensor/mat.ts";

export function normalize(out: Mat, x: Mat): void {
  const y = floatsOf(out);
  const a = floatsOf(x);
  for (let t = 0; t < out.rows; t++) {
    const rowT = x.offset + t * x.stride;
    let squares = 0;
    for (let c = 0; c < out.cols; c++) squares += a[rowT + c]! ** 2;
    const norm = Math.max(Math.sqrt(squares), 1e-12);
    for (let c = 0; c < out.cols; c++) y[out.offset + t * out.stride + c] = a[rowT + c]! / norm;
  }
}
