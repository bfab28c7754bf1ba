/**
 * Relative terms made ready for the inner loop: distances looked up once per call, content products once per head.
 *
 *   by "head"            values = table [R, H]
 *   by "query" or "key"  values = x · tableᵀ [S, R] with x the head's queries or keys and its D columns of the table
 */

import type { RelativeTerm } from "../../tensor/attention.ts";
import { floatsOf } from "../../tensor/host-mat.ts";
import type { Mat } from "../../tensor/mat.ts";
import { multiplyPanel, pack, type Store } from "./panels.ts";
import { NR } from "./tile.ts";

export interface BoundTerm {
  readonly by: RelativeTerm["by"];
  readonly values: Mat;
  /** [1, 2 S - 1]: the bucket of each distance, as a float (exact below 2^24). */
  readonly buckets: Mat;
  /** Where distance 0 lies in `buckets`. */
  readonly zero: number;
}

/** The bucket of every distance in sequences of at most (buckets.cols + 1) / 2 tokens. */
export function fillBuckets(buckets: Mat, bucketOf: (distance: number) => number): void {
  const zero = (buckets.cols - 1) / 2;
  const rows = floatsOf(buckets);
  for (let i = 0; i < buckets.cols; i++) rows[buckets.offset + i] = bucketOf(i - zero);
}

/** values [S, R] = x [S, D] · table [R, D] transposed; `panels` is scratch [1, panelSize(R, D)]. */
export function scoreBuckets(values: Mat, x: Mat, table: Mat, panels: Mat): void {
  const { rows: R, cols: D } = table;
  const y = floatsOf(values);
  pack(floatsOf(panels), panels.offset, floatsOf(table), table.offset, table.stride, 1, R, D);
  const store: Store = (sums, rows, m, n) => {
    const columns = Math.min(NR, R - n);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) y[values.offset + (m + i) * values.stride + n + j] = sums[i * NR + j]!;
    }
  };
  for (let n = 0; n < R; n += NR)
    multiplyPanel(floatsOf(x), x.offset, x.stride, x.rows, floatsOf(panels), panels.offset + n * D, D, n, store);
}
