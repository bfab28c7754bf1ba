/**
 * layerNorm: out[t, :] = (x - mean) / sqrt(variance + eps) * gamma + beta over the C elements of row t, variance divided by C.
 *
 * Ba, Kiros & Hinton 2016, https://arxiv.org/abs/1607.06450; torch.nn.LayerNorm. Two passes in float64: the variance is the mean of
 * squared deviations, which does not cancel as E[x²] - mean² would. beta is absent in norms without bias.
 */

import type { Norm } from "../../tensor/backend.ts";
import { floatsOf } from "../../tensor/host-mat.ts";
import type { Mat } from "../../tensor/mat.ts";

export function layerNorm(out: Mat, x: Mat, { gamma, beta, eps }: Norm): void {
  const y = floatsOf(out);
  const a = floatsOf(x);
  const C = out.cols;
  const gain = floatsOf(gamma);
  for (let t = 0; t < out.rows; t++) {
    const rowT = x.offset + t * x.stride;
    let sum = 0;
    for (let c = 0; c < C; c++) sum += a[rowT + c]!;
    const mean = sum / C;
    let squares = 0;
    for (let c = 0; c < C; c++) squares += (a[rowT + c]! - mean) ** 2;
    const inverse = 1 / Math.sqrt(squares / C + eps);
    for (let c = 0; c < C; c++) {
      const shift = beta === undefined ? 0 : floatsOf(beta)[beta.offset + c]!;
      y[out.offset + t * out.stride + c] = (a[rowT + c]! - mean) * inverse * gain[gamma.offset + c]! + shift;
    }
  }
}
