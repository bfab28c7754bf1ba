/**
 * activate: out[t, c] = f(x[t, c]) with f of tensor/activations.ts, computed in float64 and rounded to f32 once.
 */

import type { Activation } from "../../tensor/activations.ts";
import { floatsOf } from "../../tensor/host-mat.ts";
import type { Mat } from "../../tensor/mat.ts";
import { erfc } from "./erf.ts";

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
/** Φ(x), the normal distribution function; through erfc, so that the left tail keeps its digits. */
const normalCdf = (x: number) => 0.5 * erfc(-x * Math.SQRT1_2);

export const ACTIVATIONS: Readonly<Record<Activation, (x: number) => number>> = {
  // At -infinity the product is 0 times infinity: NaN there, as in PyTorch.
  gelu: (x) => x * normalCdf(x),
  gelu_tanh: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  quick_gelu: (x) => x * sigmoid(1.702 * x),
  relu: (x) => (x > 0 || Number.isNaN(x) ? x : 0),
  silu: (x) => x * sigmoid(x),
  tanh: Math.tanh,
  sigmoid,
};

export function activate(out: Mat, x: Mat, activation: Activation): void {
  const y = floatsOf(out);
  const a = floatsOf(x);
  const f = ACTIVATIONS[activation];
  for (let t = 0; t < out.rows; t++) {
    for (let c = 0; c < out.cols; c++) y[out.offset + t * out.stride + c] = f(a[x.offset + t * x.stride + c]!);
  }
}
