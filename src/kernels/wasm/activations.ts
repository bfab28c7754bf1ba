/**
 * The activations (tensor/activations.ts) all built on exp of a number <= 0 (exp.ts).
 *
 *   sigmoid(x)   e = exp(-|x|);  x >= 0: 1 / (1 + e),  else e / (1 + e)              relative error 3 ulp on the whole line
 *   tanh(x)      |x| < 0.6: x + x^3 P(x^2);  else sign(x) (1 - 2 e / (1 + e)), e = exp(-2 |x|)      2 ulp
 *   gelu(x)      max(x, 0) - t Φ(-t), t = |x|: the exact erf form without the cancellation of 1 + erf(x) in the negative tail.
 *                Φ(-t) = exp(-t²/2) P(t) / Q(t), degrees 4 and 5: the rational minimax approximation of relative error 0.08 * 2^-24 up to t = 13
 *                (Remez exchange). All coefficients are positive, so nothing cancels.
 *                Error: 5 ulp for x >= 0; 6 + x²/2 ulp for x < 0 (exp magnifies the rounding of t²), 7e-8 absolute at most there.
 *   gelu_tanh(x) x sigmoid(2 u), u = sqrt(2/π) (x + 0.044715 x³): equal to 0.5 x (1 + tanh u) and good in the negative tail. 4 ulp, 5 + 2.5 |2 u| for x < 0.
 *   quick_gelu   4 ulp, 6 + |1.702 x| for x < 0.  silu 4 ulp.  relu exact.
 *
 * Where exp underflows to 0 (|x| > 87) the functions are flat: 0, 1 or x. gelu stays at -1e-37 below -13, which keeps subnormal numbers away.
 */
import type { Activation } from "../../tensor/activations.ts";
import * as f32x4 from "./emitter/f32x4.ts";
import * as v128 from "./emitter/v128.ts";
import { type Prepare, prepareExp, prepareNormalExp, preparePolynomial } from "./exp.ts";
import type { VectorSteps, Vectors } from "./vectors.ts";

const TANH_SMALL = 0.6;
const TANH_P = [-0.33333298001983, 0.1333192412277, -0.053783829940823, 0.020795970548505, -0.005895156814285];
/** P / 2: exp comes times -2. */
const GELU_HALF_P = [0.25000000118445, 0.21748825905263, 0.090392125807313, 0.019904435440423, 0.00199718365436];
const GELU_Q = [1.0, 1.6678379396753, 1.1923066738883, 0.46300143397671, 0.099793692941261, 0.010012243857027];
const GELU_END = 13;
const SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);

const gelu: Prepare = (v) => {
  const [zero, end] = [v.constant(0), v.constant(GELU_END)];
  const magnitude = prepareMagnitude(v);
  const density = prepareNormalExp(v, -0.5);
  const [p, q] = [preparePolynomial(v, GELU_HALF_P), preparePolynomial(v, GELU_Q)];
  return (x) => {
    const t = v.each(f32x4.pmin, magnitude(x), end); // infinity stays out of products
    const square = v.mul(t, t);
    const ratio = v.div(v.mul(t, p(t, square)), q(t, square));
    const tail = v.mul(density(square), ratio); // -t Φ(-t)
    return v.each((x, tail) => f32x4.add(f32x4.pmax(x!, zero), tail!), x, tail);
  };
};

const sigmoid: Prepare = (v) => {
  const [zero, one, minusZero] = [v.constant(0), v.constant(1), v.constant(-0)];
  const exp = prepareExp(v);
  return (x) => {
    const e = exp(v.each(v128.or, x, minusZero)); // exp(-|x|)
    const top = v.each((e, x) => v128.bitselect(e!, one, f32x4.lt(x!, zero)), e, x);
    return v.div(top, v.add(e, one));
  };
};

const tanh: Prepare = (v) => {
  const [one, minusTwo, minusZero, small] = [1, -2, -0, TANH_SMALL].map((value) => v.constant(value));
  const magnitude = prepareMagnitude(v);
  const exp = prepareExp(v);
  const p = preparePolynomial(v, TANH_P);
  return (x) => {
    const t = magnitude(x);
    const square = v.mul(x, x);
    const near = v.multiplyAdd(v.mul(x, square), p(square, v.mul(square, square)), x);
    const e = exp(v.mul(t, minusTwo!));
    const far = v.sub(one!, v.div(v.add(e, e), v.add(e, one!)));
    return v.each(
      (x, t, near, far) => v128.bitselect(near!, v128.bitselect(x!, far!, minusZero!), f32x4.lt(t!, small!)),
      ...[x, t, near, far],
    );
  };
};

/** |x| by clearing the sign: not every V8 pairs f32x4.abs. */
function prepareMagnitude(v: VectorSteps): (x: Vectors) => Vectors {
  const mask = v.mask(0x7fffffff);
  return (x) => v.each(v128.and, x, mask);
}

/** x sigmoid(z(x)). */
function gated(prepareGate: Prepare): Prepare {
  return (v) => {
    const gate = prepareGate(v);
    const opening = sigmoid(v);
    return (x) => v.mul(x, opening(gate(x)));
  };
}

export const activations: Readonly<Record<Activation, Prepare>> = {
  gelu,
  sigmoid,
  tanh,
  gelu_tanh: gated((v) => {
    const [linear, cubic] = [v.constant(2 * SQRT_2_OVER_PI), v.constant(2 * SQRT_2_OVER_PI * 0.044715)];
    return (x) => v.mul(x, v.multiplyAdd(v.mul(x, x), cubic, linear));
  }),
  quick_gelu: gated((v) => {
    const slope = v.constant(1.702);
    return (x) => v.mul(x, slope);
  }),
  silu: gated(() => (x) => x),
  relu: (v) => {
    const zero = v.constant(0);
    return (x) => v.each(f32x4.pmax, x, zero);
  },
};
