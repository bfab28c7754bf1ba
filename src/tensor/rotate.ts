/**
 * Rotary position embedding (Su et al. 2021, https://arxiv.org/abs/2104.09864): the definition. Each head's D channels, the first half against the second:
 *
 *   out1 = x1 cos - x2 sin     out2 = x2 cos + x1 sin
 */

import type { Backend } from "./backend.ts";
import type { Mat } from "./mat.ts";

/** cos and sin are [P, D/2]; positions [T] says which row of them a token uses. */
export interface Rotary {
  readonly cos: Mat;
  readonly sin: Mat;
  readonly positions: Int32Array;
  readonly heads: number;
}

/** The default body, in primitives. */
export function composeRotate(backend: Backend, out: Mat, x: Mat, { cos, sin, positions }: Rotary): void {
  const half = cos.cols;
  const filled = (fill: (rows: Mat) => void): Mat => {
    const rows = backend.alloc(x.rows, half);
    fill(rows);
    return rows;
  };
  const times = (a: Mat, b: Mat) => filled((rows) => backend.multiply(rows, a, b));
  const c = filled((rows) => backend.take(rows, cos, positions)); // T D/2
  const s = filled((rows) => backend.take(rows, sin, positions)); // T D/2
  const minus = filled((rows) => backend.scale(rows, s, -1)); // T D/2
  for (let first = 0; first < x.cols; first += 2 * half) {
    const [x1, x2] = [x.columns(first, half), x.columns(first + half, half)];
    backend.add(out.columns(first, half), times(x1, c), times(x2, minus));
    backend.add(out.columns(first + half, half), times(x2, c), times(x1, s));
  }
}
