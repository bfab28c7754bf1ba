/**
 * A ragged batch of tokens as the encoder takes it: [T] ids and token types, sequences one after another, no padding, no mask.
 */

import type { Sequences } from "../tensor/sequences.ts";

export interface TokenBatch {
  /** Token ids, [T], each in 0 .. V - 1. */
  readonly ids: Int32Array;
  /** Token type (segment) ids, [T]; zeros where the caller gave none. */
  readonly typeIds: Int32Array;
  readonly sequences: Sequences;
}
