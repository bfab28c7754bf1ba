/**
 * The activation functions in WGSL, f(x: f32) -> f32, accurate to a few ulp where the built-ins need not be.
 *
 * The specification lets tanh be off by 1e-5 and overflow, and has no erf, so both are written here:
 *   Φ(-z) = erfc(z/√2)/2 = exp(-z²/2) t P(t - 1/2),  t = 1/(1 + 0.3 z),  z in [0, 13]: 1.2e-7 relative (minimax fit to reference/erf.ts)
 *   tanh(x) = x + x³ Q(x²) for |x| < 0.6: 8.4e-8 relative; beyond, (1 - e)/(1 + e) with e = exp(-2|x|)
 * exp itself is the built-in: 3 + 2|x| ulp by the specification. Its arguments are kept within ±88 so that no infinity arises.
 */

import type { Activation } from "../../../tensor/activations.ts";

const SIGMOID = `
fn sigmoid(x: f32) -> f32 { return 1.0 / (1.0 + exp(clamp(-x, -88.0, 88.0))); }`;

const TANH = `
fn tanh_accurate(x: f32) -> f32 {
  let a = abs(x);
  let s = x * x;
  let near = fma(x * s, fma(s, fma(s, fma(s, 0.015612608, -0.052211788), 0.13313116), -0.33332597), x);
  let e = exp(-2.0 * min(a, 44.0));
  return select(sign(x) * (1.0 - e) / (1.0 + e), near, a < 0.6);
}`;

const NORMAL_TAIL = `
fn normal_tail(z: f32) -> f32 {
  let t = 1.0 / fma(0.3, z, 1.0);
  let u = t - 0.5;
  var q = fma(u, 0.036195029, -0.032696378);
  q = fma(u, q, -0.077993568);
  q = fma(u, q, 0.028812455);
  q = fma(u, q, 0.22210818);
  q = fma(u, q, 0.34620446);
  q = fma(u, q, 0.32915869);
  q = fma(u, q, 0.22197059);
  return exp(max(-0.5 * z * z, -88.0)) * t * q;
}`;

/** WGSL that defines `activation(x: f32) -> f32`. */
export function activationCode(activation: Activation | undefined): string {
  switch (activation) {
    case undefined:
      return "fn activation(x: f32) -> f32 { return x; }";
    case "gelu":
      return `${NORMAL_TAIL}
fn activation(x: f32) -> f32 {
  let tail = x * normal_tail(abs(x)); // x Φ(-|x|)
  return select(tail, x - tail, x > 0.0);
}`;
    case "gelu_tanh":
      return `${TANH}
fn activation(x: f32) -> f32 { return 0.5 * x * (1.0 + tanh_accurate(0.7978845608 * fma(0.044715 * x * x, x, x))); }`;
    case "quick_gelu":
      return `${SIGMOID}
fn activation(x: f32) -> f32 { return x * sigmoid(1.702 * x); }`;
    case "silu":
      return `${SIGMOID}
fn activation(x: f32) -> f32 { return x * sigmoid(x); }`;
    case "relu":
      return "fn activation(x: f32) -> f32 { return max(x, 0.0); }";
    case "tanh":
      return `${TANH}
fn activation(x: f32) -> f32 { return tanh_accurate(x); }`;
    case "sigmoid":
      return `${SIGMOID}
fn activation(x: f32) -> f32 { return sigmoid(x); }`;
  }
}
