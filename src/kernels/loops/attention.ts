/**
 * Attention over a ragged batch: binds the relative terms, then each sequence and head in turn (attention-head.ts does the work).
 *
 * All scratch comes from `alloc`, sized for the longest sequence and used again by every head.
 */

import type { AttentionOptions } from "../../tensor/attention.ts";
import type { Mat } from "../../tensor/mat.ts";
import type { Sequences } from "../../tensor/sequences.ts";
import { attendHead } from "./attention-head.ts";
import { type BoundTerm, fillBuckets } from "./attention-terms.ts";
import { multiplyMats, panelSize } from "./panels.ts";
import { MR } from "./tile.ts";

export function attention(
  alloc: (rows: number, cols: number) => Mat,
  out: Mat,
  q: Mat,
  k: Mat,
  v: Mat,
  sequences: Sequences,
  options: AttentionOptions,
): void {
  const { heads, relative = [] } = options;
  const D = q.cols / heads;
  const S = sequences.maxS;
  const scratch = { keys: alloc(1, panelSize(S, D)), values: alloc(1, panelSize(D, S)), scores: alloc(MR, S) };
  const bound = relative.map((term) => {
    const buckets = alloc(1, 2 * S - 1);
    fillBuckets(buckets, term.bucketOf);
    if (term.by === "head") return { ...term, buckets };
    return { ...term, buckets, products: alloc(S, term.table.rows), panels: alloc(1, panelSize(term.table.rows, D)) };
  });

  for (let b = 0; b < sequences.B; b++) {
    const rows = sequences.rowsOf(b);
    for (let h = 0; h < heads; h++) {
      const headOf = (x: Mat) => x.slice(rows).columns(h * D, D); // S D
      const terms = bound.map((term): BoundTerm => {
        const { by, table, buckets } = term;
        if (!("products" in term)) return { by, values: table, buckets, zero: S - 1 };
        const values = term.products.slice({ first: 0, count: rows.count });
        multiplyMats(values, headOf(by === "query" ? q : k), table.columns(h * D, D), table.stride, 1, term.panels);
        return { by, values, buckets, zero: S - 1 };
      });
      const probs = options.probs?.[b]?.slice({ first: h * rows.count, count: rows.count });
      attendHead({ out: headOf(out), q: headOf(q), k: headOf(k), v: headOf(v), h, probs }, options, terms, scratch);
    }
  }
}
