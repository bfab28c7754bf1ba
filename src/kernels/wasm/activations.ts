/**
 * The activations (tensor/activations.ts) in four lanes, all built on exp of a number <= 0 (exp.ts).
 *
 *   sigmoid(x)   e = exp(-|x|);  x >= 0: 1 / (1 + e),  else e / (1 + e)              relative error 3 ulp on the whole line
 *   tanh(x)      |x| < 0.6: x + x^3 P(x^2);  else sign(x) (1 - 2 e / (1 + e)), e = exp(-2 |x|)      2 ulp
 *   gelu(x)      max(x, 0) - t Φ(-t), t = |x|: the exact erf form without the cancellation of 1 + erf(x) in the negative tail.
 *                Φ(-t) = exp(-t²/2) h(t), h(t) = k G(k) with k = 1 / (1 + 0.265 t): minimax polynomial of degree 8, relative error 0.2 * 2^-24 up to t = 14.
 *                Error: 5 ulp for x >= 0; 6 + x²/2 ulp for x < 0 (exp magnifies the rounding of t²), 7e-8 absolute at most there.
 *   gelu_tanh(x) x sigmoid(2 u), u = sqrt(2/π) (x + 0.044715 x³): equal to 0.5 x (1 + tanh u) and good in the negative tail. 4 ulp, 5 + 2.5 |2 u| for x < 0.
 *   quick_gelu   4 ulp, 6 + |1.702 x| for x < 0.  silu 4 ulp.  relu exact.
 *
 * Where exp underflows to 0 (|x| > 87, gelu: |x| > 13.2) the functions are flat: 0, 1 or x.
 */
import type { Activation } from "../../tensor/activations.ts";
import type { Local } from "./emitter/call.ts";
import type { V128 } from "./emitter/expression.ts";
import type { FunctionBuilder } from "./emitter/function.ts";
import { f32x4, i32x4, v128 } from "./emitter/simd.ts";
import { emitExp, emitPolynomial } from "./exp.ts";
import { type FeatureLevel, multiplyAdd } from "./level.ts";

type Emit = (f: FunctionBuilder, level: FeatureLevel, x: Local<"v128">) => V128;

const TANH_SMALL = 0.6;
const TANH_P = [-0.33333298001983, 0.1333192412277, -0.053783829940823, 0.020795970548505, -0.005895156814285];
const GELU_SLOPE = 0.265;
const GELU_G = [
  0.10574156381482, 0.10524666432275, 0.10270097915554, 0.060313130233986, 0.137953027338, -0.11636246897322, 0.21781481401907,
  -0.14422854765859, 0.030820839963114,
];
const SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);

/** |x| by clearing the sign: V8 pairs `and`, but not f32x4.abs. */
const magnitude = (x: V128) => v128.and(x, i32x4.const(0x7fffffff));

const gelu: Emit = (f, level, x) => {
  const t = f.v128(f32x4.pmin(magnitude(x), f32x4.const(14))); // the tail beyond is 0, and infinity stays out of products
  const k = f.v128(f32x4.div(f32x4.const(1), multiplyAdd(level, t, f32x4.const(GELU_SLOPE), f32x4.const(1))));
  const density = f.v128(emitExp(f, level, f32x4.mul(f32x4.mul(t, t), f32x4.const(-0.5))));
  const h = f32x4.mul(k, emitPolynomial(f, level, k, GELU_G));
  const tail = f32x4.mul(f32x4.mul(t, density), h); // t Φ(-t)
  return f32x4.sub(f32x4.pmax(x, f32x4.const(0)), tail);
};

const sigmoid: Emit = (f, level, x) => {
  const e = f.v128(emitExp(f, level, v128.or(x, f32x4.const(-0))));
  const top = v128.bitselect(e, f32x4.const(1), f32x4.lt(x, f32x4.const(0)));
  return f32x4.div(top, f32x4.add(e, f32x4.const(1)));
};

const tanh: Emit = (f, level, x) => {
  const t = f.v128(magnitude(x));
  const square = f.v128(f32x4.mul(x, x));
  const small = multiplyAdd(level, f32x4.mul(x, square), emitPolynomial(f, level, square, TANH_P), x);
  const e = f.v128(emitExp(f, level, f32x4.mul(t, f32x4.const(-2))));
  const large = f32x4.sub(f32x4.const(1), f32x4.div(f32x4.add(e, e), f32x4.add(e, f32x4.const(1))));
  const signed = v128.bitselect(x, large, f32x4.const(-0));
  return v128.bitselect(small, signed, f32x4.lt(t, f32x4.const(TANH_SMALL)));
};

/** x sigmoid(z). */
function gate(f: FunctionBuilder, level: FeatureLevel, x: Local<"v128">, z: V128): V128 {
  return f32x4.mul(x, sigmoid(f, level, f.v128(z)));
}

export const activations: Readonly<Record<Activation, Emit>> = {
  gelu,
  sigmoid,
  tanh,
  gelu_tanh: (f, level, x) => {
    const cubic = multiplyAdd(level, f32x4.mul(x, x), f32x4.const(2 * SQRT_2_OVER_PI * 0.044715), f32x4.const(2 * SQRT_2_OVER_PI));
    return gate(f, level, x, f32x4.mul(x, cubic));
  },
  quick_gelu: (f, level, x) => gate(f, level, x, f32x4.mul(x, f32x4.const(1.702))),
  silu: (f, level, x) => gate(f, level, x, x),
  relu: (_f, _level, x) => f32x4.pmax(x, f32x4.const(0)),
};
