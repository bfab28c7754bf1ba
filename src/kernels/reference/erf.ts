/**
 * The error function at float64 accuracy: erf(x) = 2/√π ∫₀ˣ exp(-t²) dt, and erfc(x) = 1 - erf(x) without cancellation.
 *
 *   |x| < 2    erf(x)  = 2/√π exp(-x²) Σ_n 2ⁿ x²ⁿ⁺¹ / (1·3·5···(2n+1))          (DLMF 7.6.2: all terms have one sign)
 *   x >= 2     erfc(x) = exp(-x²)/√π · 1/(x + (1/2)/(x + 1/(x + (3/2)/(x + 2/(x + ...)))))   (DLMF 7.9.1)
 *
 * Both stop at full precision, not at full speed: the fast backends have forms of their own and are measured against this one.
 * Relative error: erf 1e-15; erfc 2e-13 just left of x = 2, where 1 - erf cancels most, and about x² 2^-53 beyond.
 */

const SQRT_PI = Math.sqrt(Math.PI);
/** Depth of the continued fraction: at x = 2, where it converges slowest, the truncation is below 2^-53. */
const DEPTH = 120;

export function erf(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude < 2) return series(x);
  return Math.sign(x) * (1 - tail(magnitude));
}

/** 1 - erf(x), with small relative error in the right tail too. */
export function erfc(x: number): number {
  if (x < -2) return 2 - tail(-x);
  return x < 2 ? 1 - series(x) : tail(x);
}

function series(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > Math.abs(sum) * 2 ** -55; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / SQRT_PI) * Math.exp(-x * x) * sum;
}

function tail(x: number): number {
  let denominator = x;
  for (let n = DEPTH; n >= 1; n--) denominator = x + n / 2 / denominator;
  return Math.exp(-x * x) / SQRT_PI / denominator;
}
