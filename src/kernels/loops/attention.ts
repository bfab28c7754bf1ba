/**
 * Attention over a ragged batch: each sequence and head in turn (attention-head.ts does the work).
 *
 * All scratch comes from `alloc`, sized for the longest sequence and used again by every head.
 */

import type { AttentionOptions } from "../../tensor/attention.ts";
import type { Mat } from "../../tensor/mat.ts";
import type { Sequences } from "../../tensor/sequences.ts";
import { type AddTerms, attendHead, type Head } from "./attention-head.ts";
import { panelSize } from "./panels.ts";
import { MR } from "./tile.ts";

/** @param termsOf options.relative, bound to a head (attention-terms.ts) */
export function attention(
  alloc: (rows: number, cols: number) => Mat,
  out: Mat,
  q: Mat,
  k: Mat,
  v: Mat,
  sequences: Sequences,
  options: AttentionOptions,
  termsOf?: (head: Head) => AddTerms,
): void {
  const D = q.cols / options.heads;
  const S = sequences.maxS;
  const scratch = { keys: alloc(1, panelSize(S, D)), values: alloc(1, panelSize(D, S)), scores: alloc(MR, S) };
  for (let b = 0; b < sequences.B; b++) {
    const rows = sequences.rowsOf(b);
    for (let h = 0; h < options.heads; h++) {
      const headOf = (x: Mat) => x.slice(rows).columns(h * D, D); // S D
      const probs = options.probs?.[b]?.slice({ first: h * rows.count, count: rows.count });
      const head = { out: headOf(out), q: headOf(q), k: headOf(k), v: headOf(v), h, probs };
      attendHead(head, options, scratch, termsOf?.(head));
    }
  }
}
