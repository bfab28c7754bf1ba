/**
 * exp(x) for x <= 0 in four lanes, the one exponential of the softmax and of every activation.
 *
 *   n = round(x / ln 2)    r = x - n ln 2, |r| <= ln 2 / 2    exp(x) = 2^n exp(r)
 *
 * n is rounded by adding 1.5 * 2^23 ("magic number"): the sum's low bits are n itself, so 2^n is one shift into the exponent.
 * ln 2 is split in two (Cody & Waite 1980) so that n * LN2_HIGH is exact: with and without fused multiply-add r is good to an ulp.
 * exp(r) = 1 + r + r^2 Q(r), Q of degree 4: the minimax polynomial of relative error 0.05 * 2^-24 on the interval (Remez exchange).
 *
 * Bound: 1 ulp for -87.336 <= x <= 88, tested over the line against float64. Below, where the result would be subnormal (slow on some CPUs), it is exactly 0:
 * an absolute error under 2^-126. -Infinity gives 0, NaN gives NaN. Above 88 the result is meaningless: callers subtract a maximum or pass -|x|.
 */
import type { Local } from "./emitter/call.ts";
import type { V128 } from "./emitter/expression.ts";
import type { FunctionBuilder } from "./emitter/function.ts";
import { f32x4, i32x4, v128 } from "./emitter/simd.ts";
import { type FeatureLevel, multiplyAdd, multiplySubtract } from "./level.ts";

/** exp is 0 below: the last x for which 2^n exp(r) is a normal number. */
export const EXP_UNDERFLOW = -87.336;
const ROUNDER = 12582912; // 1.5 * 2^23; its bits shifted left by 23 vanish
const LN2_HIGH = 0.693359375; // 9 significant bits: n * LN2_HIGH is exact for |n| < 2^15
const LN2_LOW = -2.1219444005469057e-4; // ln 2 - LN2_HIGH
const Q = [0.4999999343217, 0.16666520399105, 0.041668390769681, 0.0083687451046071, 0.0013814541056546];

/**
 * Prepares exp at the start of a function and gives its expression for x <= 0.
 * Constants live in locals: V8 pairs two operations (revectorisation) only if they share one value, and would build a literal anew at each use.
 */
export function prepareExp(f: FunctionBuilder, level: FeatureLevel): (x: V128) => V128 {
  const [inverse, rounder, high, low, one, underflow] = hoist(f, [Math.LOG2E, ROUNDER, LN2_HIGH, LN2_LOW, 1, EXP_UNDERFLOW]);
  const q = preparePolynomial(f, level, Q);
  return (x) => {
    const at = f.v128(x);
    const shifted = f.v128(multiplyAdd(level, at, inverse!, rounder!));
    const n = f.v128(f32x4.sub(shifted, rounder!));
    const nearly = f.v128(multiplySubtract(level, n, high!, at));
    const r = f.v128(multiplySubtract(level, n, low!, nearly));
    const beyondOne = multiplyAdd(level, f32x4.mul(r, r), q(r), r); // exp(r) - 1
    const value = i32x4.add(f32x4.add(beyondOne, one!), i32x4.shl(shifted, 23));
    return v128.andnot(value, f32x4.lt(at, underflow!));
  };
}

/** c[0] + c[1] x + c[2] x^2 + ... by Horner's rule. */
export function preparePolynomial(f: FunctionBuilder, level: FeatureLevel, coefficients: readonly number[]): (x: Local<"v128">) => V128 {
  const [last, ...rest] = hoist(f, [...coefficients].reverse());
  return (x) => rest.reduce<V128>((sum, coefficient) => f.v128(multiplyAdd(level, sum, x, coefficient)), last!);
}

/** Locals that hold the numbers in all four lanes. */
export function hoist(f: FunctionBuilder, values: readonly number[]): Local<"v128">[] {
  return values.map((value) => f.v128(f32x4.const(value)));
}
