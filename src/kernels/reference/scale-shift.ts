/**
 * scaleShift: out[t, c] = x[t, c] * gain[c] + shift[c], gain and shift [1, C].
 *
 * MobileBERT's "no norm" (Sun et al. 2020, https://arxiv.org/abs/2004.02984). One rounding, at the end.
 */

import { floatsOf } from "../../tensor/host-mat.ts";
import type { Mat } from "../../tensor/mat.ts";

export function scaleShift(out: Mat, x: Mat, gain: Mat, shift: Mat): void {
  const [y, a, g, s] = [floatsOf(out), floatsOf(x), floatsOf(gain), floatsOf(shift)];
  for (let t = 0; t < out.rows; t++) {
    for (let c = 0; c < out.cols; c++) {
      y[out.offset + t * out.stride + c] = a[x.offset + t * x.stride + c]! * g[gain.offset + c]! + s[shift.offset + c]!;
    }
  }
}
