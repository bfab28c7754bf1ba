/**
 * exp(x) for x <= 0: the exponential of every activation, and as a power of two the softmax's.
 *
 *   n = round(x / ln 2)    r = x - n ln 2, |r| <= ln 2 / 2    exp(x) = 2^n exp(r)
 *
 * n is rounded by adding 1.5 * 2^23 + 127 ("magic number"): the sum's low bits are n + 127, so 2^n is one shift into the exponent.
 * It comes as a factor: added to the exponent's bits it would make numbers of some NaNs.
 * ln 2 is split in two (Cody & Waite 1980) so that n * LN2_HIGH is exact: with and without fused multiply-add r is good to an ulp.
 * exp(r) = 1 + r + r^2 Q(r), Q of degree 4: the minimax polynomial of relative error 0.05 * 2^-24 on the interval (Remez exchange).
 *
 * exp: 1 ulp for -87.336 <= x <= 88, tested over the line against float64. Below, where the result would be subnormal (slow on some CPUs), it is exactly 0:
 * an absolute error under 2^-126. -Infinity gives 0, NaN gives NaN. Above 88 the result is meaningless: callers pass -|x| or subtract a maximum.
 */
import type { Local } from "./emitter/call.ts";
import * as f32x4 from "./emitter/f32x4.ts";
import * as i32x4 from "./emitter/i32x4.ts";
import * as v128 from "./emitter/v128.ts";
import type { VectorSteps, Vectors } from "./vectors.ts";

/** Sets up constants at the start of a function and gives the vectors of f(x). */
export type Prepare = (v: VectorSteps) => (x: Vectors) => Vectors;

/** exp is 0 below: the last x for which 2^n exp(r) is a normal number. */
export const EXP_UNDERFLOW = -87.336;
const ROUNDER = 1.5 * 2 ** 23 + 127; // of its bits, shifted left by 23, only 127 is left: the exponent of 1
const LN2_HIGH = 0.693359375; // 9 significant bits: n * LN2_HIGH is exact for |n| < 2^15
const LN2_LOW = -2.1219444005469057e-4; // ln 2 - LN2_HIGH
const Q = [0.4999999343217, 0.16666520399105, 0.041668390769681, 0.0083687451046071, 0.0013814541056546];

/** exp(factor x) / factor, factor a power of two or its negative, where exp(factor x) is a normal number: 1 / factor + s + s^2 factor Q(factor s). */
export function prepareNormalExp(v: VectorSteps, factor = 1): (x: Vectors) => Vectors {
  const [inverse, rounder, high, low] = [factor * Math.LOG2E, ROUNDER, LN2_HIGH / factor, LN2_LOW / factor].map((c) => v.constant(c));
  const one = v.constant(1 / factor);
  const q = preparePolynomial(
    v,
    Q.map((coefficient, i) => coefficient * factor ** (i + 1)),
  );
  return (x) => {
    const shifted = v.multiplyAdd(x, inverse!, rounder!);
    const n = v.sub(shifted, rounder!);
    const s = v.multiplySubtract(n, low!, v.multiplySubtract(n, high!, x));
    const square = v.mul(s, s);
    return scaleByPower(v, v.add(v.multiplyAdd(square, q(s, square), s), one), shifted);
  };
}

/** exp(x) for all x <= 88. */
export const prepareExp: Prepare = (v) => {
  const underflow = v.constant(EXP_UNDERFLOW);
  const exp = prepareNormalExp(v);
  return (x) => v.each((y, x) => v128.andnot(y!, f32x4.lt(x!, underflow)), exp(x), x);
};

/**
 * 2^(factor x) = 2^n (1 + r G(r)) with r = n - factor x, |factor x| <= 126; NaN for NaN. The softmax's: no product is rounded before n is taken off
 * (where multiply-add is fused), and there is no ln 2 to take off in two parts.
 */
export function prepareExp2(v: VectorSteps, factor: Local<"v128">): (x: Vectors) => Vectors {
  const [rounder, one] = [v.constant(ROUNDER), v.constant(1)];
  const g = preparePolynomial(
    v,
    [1, ...Q].map((coefficient, i) => coefficient * (-Math.LN2) ** (i + 1)),
  );
  return (x) => {
    const shifted = v.multiplyAdd(x, factor, rounder);
    const r = v.multiplySubtract(x, factor, v.sub(shifted, rounder));
    const power = v.multiplyAdd(r, g(r, v.mul(r, r)), one);
    return scaleByPower(v, power, shifted);
  };
}

/** 2^n x, n + 127 in the low bits of `shifted`. */
function scaleByPower(v: VectorSteps, x: Vectors, shifted: Vectors): Vectors {
  return v.mul(
    x,
    v.each((n) => i32x4.shl(n!, 23), shifted),
  );
}

/** c[0] + c[1] x + c[2] x^2 + ... from x and x^2: Horner's rule in x^2 over pairs, half the latency of Horner's in x. */
export function preparePolynomial(v: VectorSteps, coefficients: readonly number[]): (x: Vectors, square: Vectors) => Vectors {
  const c = coefficients.map((coefficient) => v.constant(coefficient));
  return (x, square) => {
    let sum: Vectors | Local<"v128"> | undefined;
    for (let i = (c.length - 1) & ~1; i >= 0; i -= 2) {
      const pair = c[i + 1] === undefined ? c[i]! : v.multiplyAdd(x, c[i + 1]!, c[i]!);
      sum = sum === undefined ? pair : v.multiplyAdd(square, sum, pair);
    }
    return sum as Vectors;
  };
}
