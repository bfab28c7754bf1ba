/**
 * rotate: rotary position embedding of each head's D channels, the first half against the second half:
 *
 *   out[c]       = x[c] cos_c - x[c + D/2] sin_c
 *   out[c + D/2] = x[c + D/2] cos_c + x[c] sin_c           c < D/2, angles from row positions[t] of cos and sin [P, D/2]
 *
 * Su et al. 2021, https://arxiv.org/abs/2104.09864, in the "rotate half" layout of GPT-NeoX that ModernBERT, NomicBert and Gte use.
 */

import { floatsOf } from "../../tensor/host-mat.ts";
import type { Mat } from "../../tensor/mat.ts";
import type { Rotary } from "../../tensor/rotate.ts";

export function rotate(out: Mat, x: Mat, { cos, sin, positions, heads }: Rotary): void {
  const [y, a, cosines, sines] = [floatsOf(out), floatsOf(x), floatsOf(cos), floatsOf(sin)];
  const half = cos.cols;
  for (let t = 0; t < out.rows; t++) {
    const position = positions[t]!;
    for (let h = 0; h < heads; h++) {
      const from = x.offset + t * x.stride + h * 2 * half;
      const to = out.offset + t * out.stride + h * 2 * half;
      for (let c = 0; c < half; c++) {
        const cosine = cosines[cos.offset + position * cos.stride + c]!;
        const sine = sines[sin.offset + position * sin.stride + c]!;
        const first = a[from + c]!;
        const second = a[from + half + c]!;
        y[to + c] = first * cosine - second * sine;
        y[to + half + c] = second * cosine + first * sine;
      }
    }
  }
}
