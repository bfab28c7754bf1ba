/**
 * What each op must give: the value in float64 from the formula, and how far an f32 implementation may be from it.
 *
 * U = 2^-24 is the relative error of one f32 rounding. A sum of K products in any order, fused or not, is within
 * K U Σ|x w| of the exact one for certain, and within 6 sqrt(K) U Σ|x w| but for a chance of 2 exp(-18) an element, as rounding errors are
 * of both signs (Higham & Mary 2019, https://doi.org/10.1137/18M1226312). The other bounds follow from that.
 * Written independently of src/kernels: whole arrays, no strides, no rounding.
 */

import type { Activation } from "../../../src/tensor/activations.ts";
import type { Values } from "./samples.ts";

export const U = 2 ** -24;
/** Below the smallest normal f32 an implementation may flush to zero. */
export const TINY = 2 ** -126;

/** Error of a sum of `terms` products or numbers, in units of U times the sum of their magnitudes. */
export const sumError = (terms: number) => Math.min(terms, 6 * Math.sqrt(terms));

export interface Expected {
  readonly rows: number;
  readonly cols: number;
  readonly value: Float64Array;
  /** Largest |error| allowed, element by element. */
  readonly bound: Float64Array;
}

/** Fills value and bound from f(row, column) = [value, bound]. */
export function expected(rows: number, cols: number, f: (r: number, c: number) => readonly [value: number, bound: number]): Expected {
  const value = new Float64Array(rows * cols);
  const bound = new Float64Array(rows * cols);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++) [value[r * cols + c], bound[r * cols + c]] = f(r, c) as [number, number];
  }
  return { rows, cols, value, bound };
}

export const at = (x: Values, r: number, c: number) => x.data[r * x.cols + c]!;

/** The value and the sum of magnitudes of Σ_k x[m, k] w[n, k]. */
export function dot(x: Values, m: number, w: Values, n: number): [sum: number, magnitude: number] {
  let sum = 0;
  let magnitude = 0;
  for (let k = 0; k < x.cols; k++) {
    const product = at(x, m, k) * at(w, n, k);
    sum += product;
    magnitude += Math.abs(product);
  }
  return [sum, magnitude];
}

/** x Wᵀ + b with w [N, K]. A backend whose `sums` are float64 only rounds at the end. */
export function linearOracle(x: Values, w: Values, bias?: ArrayLike<number>, sums: "f32" | "f64" = "f32"): Expected {
  const unit = sums === "f32" ? sumError(x.cols + 2) * U : (x.cols + 2) * 2 ** -53;
  return expected(x.rows, w.rows, (m, n) => {
    const [sum, magnitude] = dot(x, m, w, n);
    const b = bias?.[n] ?? 0;
    return [sum + b, U * Math.abs(sum + b) + unit * (magnitude + Math.abs(b))];
  });
}

export function transpose({ rows, cols, data }: Values): Values {
  return {
    rows: cols,
    cols: rows,
    data: Float64Array.from({ length: rows * cols }, (_, i) => data[(i % rows) * cols + Math.floor(i / rows)]!),
  };
}

/**
 * (x - mean) / sqrt(variance + eps) * gamma + beta. The mean is off by at most sumError(C) U max|x|, a deviation by that and its own rounding,
 * 1/σ by half the relative error of the variance, 2 sumError(C + 4) U at most of what the deviations lost; all in units of max|x| / σ.
 */
export function layerNormOracle(x: Values, gamma: ArrayLike<number>, beta: ArrayLike<number> | undefined, eps: number): Expected {
  const { cols: C } = x;
  const stats = Array.from({ length: x.rows }, (_, t) => {
    const row = Array.from({ length: C }, (_, c) => at(x, t, c));
    const mean = row.reduce((sum, v) => sum + v, 0) / C;
    const sigma = Math.sqrt(row.reduce((sum, v) => sum + (v - mean) ** 2, 0) / C + eps);
    return { mean, sigma, max: Math.max(...row.map(Math.abs)) };
  });
  return expected(x.rows, C, (t, c) => {
    const { mean, sigma, max } = stats[t]!;
    const normal = (at(x, t, c) - mean) / sigma;
    const shift = beta?.[c] ?? 0;
    const lost = sumError(C + 4) * U * (max / sigma) * (1 + Math.abs(normal));
    return [normal * gamma[c]! + shift, (lost + 6 * U * Math.abs(normal)) * Math.abs(gamma[c]!) + 2 * U * Math.abs(shift) + TINY];
  });
}

/** Softmax of each row over |i - j| <= window. `exp` is the relative error of the backend's exp. */
export function softmaxOracle(x: Values, window: number, exp: number): Expected {
  const { rows, cols } = x;
  const inside = (i: number, j: number) => Math.abs(i - j) <= window;
  const stats = Array.from({ length: rows }, (_, i) => {
    let max = Number.NEGATIVE_INFINITY;
    for (let j = 0; j < cols; j++) if (inside(i, j)) max = Math.max(max, at(x, i, j));
    let sum = 0;
    for (let j = 0; j < cols; j++) if (inside(i, j)) sum += Math.exp(at(x, i, j) - max);
    return { max, sum };
  });
  return expected(rows, cols, (i, j) => {
    if (!inside(i, j)) return [0, 0];
    const { max, sum } = stats[i]!;
    const p = Math.exp(at(x, i, j) - max) / sum;
    // exp of each, the rounding of its argument, the sum and the division.
    return [p, p * (2 * exp + 2 * U * (max - at(x, i, j)) + sumError(cols + 4) * U) + 2 * TINY];
  });
}

/** Φ(x) by Simpson's rule on the density from 0 to |x| (or from |x| outwards): slow, and unlike anything in src. */
function normalCdf(x: number): number {
  const density = (t: number) => Math.exp((-t * t) / 2) / Math.sqrt(2 * Math.PI);
  const simpson = (from: number, to: number) => {
    const steps = 2000;
    const h = (to - from) / steps;
    let sum = density(from) + density(to);
    for (let i = 1; i < steps; i++) sum += density(from + i * h) * (i % 2 === 1 ? 4 : 2);
    return (sum * h) / 3;
  };
  if (Math.abs(x) < 2) return 0.5 + Math.sign(x) * simpson(0, Math.abs(x));
  const tail = simpson(Math.abs(x), Math.abs(x) + 8);
  return x < 0 ? tail : 1 - tail;
}

export const ACTIVATION_ORACLES: Readonly<Record<Activation, (x: number) => number>> = {
  gelu: (x) => x * normalCdf(x),
  gelu_tanh: (x) => x / (1 + Math.exp(-2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))),
  quick_gelu: (x) => x / (1 + Math.exp(-1.702 * x)),
  relu: (x) => Math.max(x, 0),
  silu: (x) => x / (1 + Math.exp(-x)),
  tanh: (x) => Math.sign(x) * (-Math.expm1(-2 * Math.abs(x)) / (1 + Math.exp(-2 * Math.abs(x)))),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
};
