/**
 * Φ(x), the normal distribution function, by Taylor polynomials around a table of points: what the exact GELU x Φ(x) needs, a few ns an element.
 *
 *   Φ(x₀ + d) = Φ(x₀) + φ(x₀) (d - He₁ d²/2! + He₂ d³/3! - He₃ d⁴/4! + He₄ d⁵/5!)      |d| <= 1/64
 *
 * with φ' = -x φ giving the Hermite polynomials Heₙ(x₀) (DLMF 18.9). Expanding Φ and not erf keeps the digits of the left tail.
 * Remainder: φ(x₀) He₅ d⁶/6! < 2e-12 Φ in |x| < 5 and < 5e-7 Φ down to -15, where x Φ(x) leaves the f32 range; right of 9, 1 - Φ < 2^-61.
 */

import { erfc } from "../reference/erf.ts";

const STEP = 1 / 32;
const LEFT = -15;
const RIGHT = 9;
const TERMS = 6;

let table: Float64Array | undefined;

function makeTable(): Float64Array {
  const points = Math.round((RIGHT - LEFT) / STEP) + 1;
  const coefficients = new Float64Array(points * TERMS);
  for (let i = 0; i < points; i++) {
    const x = LEFT + i * STEP;
    const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
    const derivatives = [1, -x, x * x - 1, -(x ** 3 - 3 * x), x ** 4 - 6 * x * x + 3];
    coefficients[i * TERMS] = 0.5 * erfc(-x * Math.SQRT1_2);
    let factorial = 1;
    for (let n = 1; n < TERMS; n++) {
      factorial *= n;
      coefficients[i * TERMS + n] = (density * derivatives[n - 1]!) / factorial;
    }
  }
  return coefficients;
}

/** y[to + i] = a[from + i] Φ(a[from + i]) for i < count, rounded to f32. y and a may be the same memory. */
export function geluInto(y: Float32Array, to: number, a: Float32Array, from: number, count: number): void {
  table ??= makeTable();
  const t = table;
  for (let i = 0; i < count; i++) {
    const x = a[from + i]!;
    if (x > LEFT && x < RIGHT) {
      const point = ((x - LEFT) / STEP + 0.5) | 0;
      const d = x - (LEFT + point * STEP);
      const c = point * TERMS;
      y[to + i] = x * (t[c]! + d * (t[c + 1]! + d * (t[c + 2]! + d * (t[c + 3]! + d * (t[c + 4]! + d * t[c + 5]!)))));
    } else if (x >= RIGHT) {
      y[to + i] = x;
    } else {
      y[to + i] = x * (x <= LEFT ? 0 : Number.NaN);
    }
  }
}
