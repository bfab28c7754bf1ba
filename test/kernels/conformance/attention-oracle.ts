/**
 * Attention in float64 from its formula (src/tensor/attention.ts), with the bound that the errors of its three steps add up to.
 *
 *   a score is off by  ds = scale (sumError(D) + 3) U Σ|q k| (the same for each content term, their sum included) + U |score| a rounding
 *   a probability by   p (2 max ds + softmax's own bound), since exp turns an absolute into a relative error
 *   the output by      Σ_j |v_j| dp_j + sumError(S + 1) U Σ_j p_j |v_j|
 */

import type { RelativeTerm } from "../../../src/tensor/attention.ts";
import { at, type Expected, expected, sumError, U } from "./oracle.ts";
import type { Values } from "./samples.ts";

export interface OracleTerm {
  readonly table: Values;
  readonly bucketOf: (distance: number) => number;
  readonly by: RelativeTerm["by"];
}

export interface OracleOptions {
  readonly lengths: readonly number[];
  readonly heads: number;
  readonly scale: number;
  readonly window?: number;
  readonly relative?: readonly OracleTerm[];
  /** Relative error of the backend's exp. */
  readonly exp: number;
}

/** out [T, H D], and probs, one [H S, S] a sequence. */
export function attentionOracle(q: Values, k: Values, v: Values, options: OracleOptions): { out: Expected; probs: Expected[] } {
  const { lengths, heads, window = Number.POSITIVE_INFINITY } = options;
  const C = q.cols;
  const D = C / heads;
  const out = { rows: q.rows, cols: C, value: new Float64Array(q.rows * C), bound: new Float64Array(q.rows * C) };
  let start = 0;
  const probs = lengths.map((S) => {
    const rows: [number, number][][] = [];
    for (let h = 0; h < heads; h++) {
      for (let i = 0; i < S; i++) {
        const row = probabilities(q, k, start, S, i, h, D, window, options);
        rows.push(row);
        for (let c = h * D; c < (h + 1) * D; c++) {
          let sum = 0;
          let bound = 0;
          row.forEach(([p, dp], j) => {
            const value = at(v, start + j, c);
            sum += p * value;
            bound += Math.abs(value) * (dp + sumError(S + 1) * U * p);
          });
          out.value[(start + i) * C + c] = sum;
          out.bound[(start + i) * C + c] = bound;
        }
      }
    }
    start += S;
    return expected(heads * S, S, (r, j) => rows[r]![j]!);
  });
  return { out, probs };
}

/** [p, bound] of every key for query i of head h. */
function probabilities(
  q: Values,
  k: Values,
  start: number,
  S: number,
  i: number,
  h: number,
  D: number,
  window: number,
  { scale, relative = [], exp }: OracleOptions,
): [number, number][] {
  const part = (a: Values, m: number, b: Values, n: number): [number, number] => {
    let sum = 0;
    let magnitude = 0;
    for (let c = h * D; c < (h + 1) * D; c++) {
      sum += at(a, m, c) * at(b, n, c);
      magnitude += Math.abs(at(a, m, c) * at(b, n, c));
    }
    return [sum, magnitude];
  };
  const scores = Array.from({ length: S }, (_, j) => {
    if (Math.abs(i - j) > window) return [Number.NEGATIVE_INFINITY, 0] as const;
    let [score, magnitude] = part(q, start + i, k, start + j);
    for (const { table, bucketOf, by } of relative) {
      if (by === "head") continue;
      const [sum, size] = by === "query" ? part(q, start + i, table, bucketOf(i - j)) : part(k, start + j, table, bucketOf(i - j));
      score += sum;
      magnitude += size;
    }
    score *= scale;
    let bound = scale * (sumError(D) + 3 + relative.length) * U * magnitude;
    for (const { table, bucketOf, by } of relative) {
      if (by !== "head") continue;
      const bias = at(table, bucketOf(i - j), h);
      score += bias;
      bound += U * (Math.abs(score) + Math.abs(bias));
    }
    return [score, bound] as const;
  });
  const max = Math.max(...scores.map(([score]) => score));
  const lost = Math.max(...scores.map(([, bound]) => bound));
  const sum = scores.reduce((total, [score]) => total + Math.exp(score - max), 0);
  return scores.map(([score]) => {
    const p = Math.exp(score - max) / sum;
    if (p === 0) return [0, 0];
    return [p, p * (2 * lost + 2 * exp + 2 * U * (max - score) + sumError(S + 4) * U)];
  });
}
