/**
 * Relative terms of attention: distances are looked up once per call, content products made once per head.
 *
 *   by "head"            values = table [R, H]
 *   by "query" or "key"  values = x · tableᵀ [S, R] with x the head's queries or keys and its D columns of the table
 */

import type { RelativeTerm } from "../../tensor/attention.ts";
import { floatsOf } from "../../tensor/host-mat.ts";
import type { Mat } from "../../tensor/mat.ts";
import type { AddTerms, Head } from "./attention-head.ts";
import { multiplyMats, panelSize } from "./panels.ts";

interface BoundTerm {
  readonly by: RelativeTerm["by"];
  readonly values: Mat;
  /** [1, 2 S - 1]: the bucket of each distance, as a float (exact below 2^24). */
  readonly buckets: Mat;
}

/** The terms of each head, for sequences of at most S tokens and heads of D channels. */
export function bindTerms(
  alloc: (rows: number, cols: number) => Mat,
  terms: readonly RelativeTerm[],
  S: number,
  D: number,
): (head: Head) => AddTerms {
  const bound = terms.map((term) => {
    const buckets = alloc(1, 2 * S - 1);
    for (let i = 0; i < buckets.cols; i++) floatsOf(buckets)[buckets.offset + i] = term.bucketOf(i - (S - 1));
    if (term.by === "head") return { ...term, buckets };
    return { ...term, buckets, products: alloc(S, term.table.rows), panels: alloc(1, panelSize(term.table.rows, D)) };
  });
  return ({ q, k, h }) => {
    const ofHead = bound.map((term): BoundTerm => {
      const { by, table, buckets } = term;
      if (!("products" in term)) return { by, values: table, buckets };
      const values = term.products.slice({ first: 0, count: q.rows });
      multiplyMats(values, by === "query" ? q : k, table.columns(h * D, D), table.stride, 1, term.panels);
      return { by, values, buckets };
    });
    return (which, scores, at, i, first, end) => {
      for (const term of ofHead) {
        if ((term.by === "head") === (which === "head")) addTerm(scores, at, term, i, first, end, h);
      }
    };
  };
}

/** scores[i, j] += the term's value for query i and key j, first <= j < end. */
function addTerm(scores: Float32Array, at: number, term: BoundTerm, i: number, first: number, end: number, h: number): void {
  const { by, values, buckets } = term;
  const zero = buckets.offset + (buckets.cols - 1) / 2; // where distance 0 lies
  const rows = floatsOf(buckets);
  const x = floatsOf(values);
  for (let j = first; j < end; j++) {
    const bucket = rows[zero + i - j]!;
    const from = by === "head" ? bucket * values.stride + h : (by === "query" ? i : j) * values.stride + bucket;
    scores[at + j]! += x[values.offset + from]!;
  }
}
