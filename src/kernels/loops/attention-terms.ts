/**
 * Relative terms made ready for the inner loop: distances looked up once per call. (Content products are made once per head, in attention.ts.)
 *
 *   by "head"            values = table [R, H]
 *   by "query" or "key"  values = x · tableᵀ [S, R] with x the head's queries or keys and its D columns of the table
 */

import type { RelativeTerm } from "../../tensor/attention.ts";
import { floatsOf } from "../../tensor/host-mat.ts";
import type { Mat } from "../../tensor/mat.ts";

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
