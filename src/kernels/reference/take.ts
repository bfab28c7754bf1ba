/**
 * take: out[n, :] = x[indices[n], :], a zero row where the index is -1.
 *
 * Rows of a Mat rather than of a weight: the first token of each sequence, shifted neighbours, relative positions.
 */

import { floatsOf } from "../../tensor/host-mat.ts";
import type { Mat } from "../../tensor/mat.ts";

export function take(out: Mat, x: Mat, indices: Int32Array): void {
  const y = floatsOf(out);
  const a = floatsOf(x);
  for (let n = 0; n < out.rows; n++) {
    const index = indices[n]!;
    for (let c = 0; c < out.cols; c++) {
      y[out.offset + n * out.stride + c] = index === -1 ? 0 : a[x.offset + index * x.stride + c]!;
    }
  }
}
