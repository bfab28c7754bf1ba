/**
 * Which row of the position table each token uses, where it is not its place in the sequence.
 *
 *   after padding   padId + 1, padId + 2, ... over tokens that are not padding; padding itself uses row padId   (RoBERTa, fairseq's rule)
 */

import type { TokenBatch } from "../layers/tokens.ts";
import type { Config } from "./config.ts";

export interface PositionRule {
  /** Rows of the table before that of a sequence's first token. */
  readonly skipped: number;
  /** [T] */
  readonly positionsOf: (batch: TokenBatch) => Int32Array;
}

export function afterPadding(config: Config): PositionRule {
  return afterPadId(config.integer("pad_token_id", { fallback: 1, min: 0 }));
}

export function afterPadId(padId: number): PositionRule {
  return {
    skipped: padId + 1,
    positionsOf({ ids, sequences }) {
      const positions = new Int32Array(sequences.T);
      for (let b = 0; b < sequences.B; b++) {
        let position = padId;
        for (let t = sequences.cuSeqlens[b]!; t < sequences.cuSeqlens[b + 1]!; t++) {
          positions[t] = ids[t] === padId ? padId : ++position;
        }
      }
      return positions;
    },
  };
}
