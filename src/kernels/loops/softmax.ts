/**
 * softmax of one row, over a range of its columns; formula in reference/softmax.ts, with the same order and rounding.
 */

/** exp of the current row before the division; grows to the longest row seen. */
let exps = new Float64Array(512);

/**
 * Columns [first, end) of row i: y[to + j] = softmax of x[from + j] over |i - j| <= window, and 0 beyond the window. y and x may be the same.
 */
export function softmaxRow(
  y: Float32Array,
  to: number,
  x: Float32Array,
  from: number,
  i: number,
  first: number,
  end: number,
  window: number,
): void {
  if (exps.length < end) exps = new Float64Array(2 * end);
  const e = exps;
  const low = Math.max(first, i - window);
  const high = Math.min(end, i + window + 1);
  let max = Number.NEGATIVE_INFINITY;
  for (let j = low; j < high; j++) max = Math.max(max, x[from + j]!);
  let sum = 0;
  for (let j = low; j < high; j++) {
    const value = Math.exp(x[from + j]! - max);
    e[j] = value;
    sum += value;
  }
  for (let j = first; j < low; j++) y[to + j] = 0;
  for (let j = low; j < high; j++) y[to + j] = e[j]! / sum;
  for (let j = Math.max(high, first); j < end; j++) y[to + j] = 0;
}
