/**
 * Logits to scores, on the host: the last step of every task, over K labels or S tokens, never over a batch.
 *
 *   softmax(x)_k = exp(x_k - max x) / Σ_j exp(x_j - max x)     the maximum is subtracted, so exp stays <= 1
 *   sigmoid(x)   = 1 / (1 + exp(-x))
 *
 * Computed in float64 from float32 logits: at most one float32 rounding away from what numpy gives in float32.
 */

/** @returns the K scores, which sum to 1 */
export function softmax(logits: ArrayLike<number>): number[] {
  let max = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < logits.length; k++) max = Math.max(max, logits[k]!);
  const exps = Array.from(logits, (logit) => Math.exp(logit - max));
  const sum = exps.reduce((total, exp) => total + exp, 0);
  return exps.map((exp) => exp / sum);
}

export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

/** Index of the largest value, the first of equals, as numpy's argmax. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let k = 1; k < values.length; k++) if (values[k]! > values[best]!) best = k;
  return best;
}
