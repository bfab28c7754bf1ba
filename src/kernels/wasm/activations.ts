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
import { hoist, prepareExp, preparePolynomial } from "./exp.ts";
import { type FeatureLevel, multiplyAdd } from "./level.ts";

/** Sets up constants at the start of a function (exp.ts says why) and gives the expression of f(x). */
type Prepare = (f: FunctionBuilder, level: FeatureLevel) => (x: Local<"v128">) => V128;

const TANH_SMALL = 0.6;
const TANH_P = [-0.33333298001983, 0.1333192412277, -0.053783829940823, 0.020795970548505, -0.005895156814285];
const GELU_SLOPE = 0.265;
const GELU_G = [
  0.10574156381482, 0.10524666432275, 0.10270097915554, 0.060313130233986, 0.137953027338, -0.11636246897322, 0.21781481401907,
  -0.14422854765859, 0.030820839963114,
];
const SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);

const gelu: Prepare = (f, level) => {
  const [zero, one, slope, end, minusHalf] = hoist(f, [0, 1, GELU_SLOPE, 14, -0.5]);
  const magnitude = prepareMagnitude(f);
  const exp = prepareExp(f, level);
  const g = preparePolynomial(f, level, GELU_G);
  return (x) => {
    const t = f.v128(f32x4.pmin(magnitude(x), end!)); // the tail beyond is 0, and infinity stays out of products
    const k = f.v128(f32x4.div(one!, multiplyAdd(level, t, slope!, one!)));
    const density = f.v128(exp(f32x4.mul(f32x4.mul(t, t), minusHalf!)));
    const h = f32x4.mul(k, g(k));
    const tail = f32x4.mul(f32x4.mul(t, density), h); // t Φ(-t)
    return f32x4.sub(f32x4.pmax(x, zero!), tail);
  };
};

const sigmoid: Prepare = (f, level) => {
  const [zero, one, minusZero] = hoist(f, [0, 1, -0]);
  const exp = prepareExp(f, level);
  return (x) => {
    const e = f.v128(exp(v128.or(x, minusZero!))); // exp(-|x|)
    const top = v128.bitselect(e, one!, f32x4.lt(x, zero!));
    return f32x4.div(top, f32x4.add(e, one!));
  };
};

const tanh: Prepare = (f, level) => {
  const [one, minusTwo, minusZero, small] = hoist(f, [1, -2, -0, TANH_SMALL]);
  const magnitude = prepareMagnitude(f);
  const exp = prepareExp(f, level);
  const p = preparePolynomial(f, level, TANH_P);
  return (x) => {
    const t = f.v128(magnitude(x));
    const square = f.v128(f32x4.mul(x, x));
    const near = multiplyAdd(level, f32x4.mul(x, square), p(square), x);
    const e = f.v128(exp(f32x4.mul(t, minusTwo!)));
    const far = f32x4.sub(one!, f32x4.div(f32x4.add(e, e), f32x4.add(e, one!)));
    return v128.bitselect(near, v128.bitselect(x, far, minusZero!), f32x4.lt(t, small!));
  };
};

/** |x| by clearing the sign: not every V8 pairs f32x4.abs. */
function prepareMagnitude(f: FunctionBuilder): (x: V128) => V128 {
  const mask = f.v128(i32x4.const(0x7fffffff));
  return (x) => v128.and(x, mask);
}

/** x sigmoid(z(x)). */
function gated(prepareGate: (f: FunctionBuilder, level: FeatureLevel) => (x: Local<"v128">) => V128): Prepare {
  return (f, level) => {
    const gate = prepareGate(f, level);
    const opening = sigmoid(f, level);
    return (x) => f32x4.mul(x, opening(f.v128(gate(x))));
  };
}

export const activations: Readonly<Record<Activation, Prepare>> = {
  gelu,
  sigmoid,
  tanh,
  gelu_tanh: gated((f, level) => {
    const [linear, cubic] = hoist(f, [2 * SQRT_2_OVER_PI, 2 * SQRT_2_OVER_PI * 0.044715]);
    return (x) => f32x4.mul(x, multiplyAdd(level, f32x4.mul(x, x), cubic!, linear!));
  }),
  quick_gelu: gated((f) => {
    const [slope] = hoist(f, [1.702]);
    return (x) => f32x4.mul(x, slope!);
  }),
  silu: gated(() => (x) => x),
  relu: (f) => {
    const [zero] = hoist(f, [0]);
    return (x) => f32x4.pmax(x, zero!);
  },
};
