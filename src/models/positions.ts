/**
 * Which row of the position table each token uses: [T].
 *
 *   absolute      0, 1, 2, ... in each sequence                                              (BERT)
 *   afterPadding  padId + 1, padId + 2, ... over tokens that are not padding; padding itself uses row padId   (RoBERTa, fairseq's rule)
 */

import type { TokenBatch } from "../layers/tokens.ts";

export function absolutePositions({ sequences }: TokenBatch): Int32Array {
  return sequences.positions();
}

export function positionsAfterPadding({ ids, sequences }: TokenBatch, padId: number): Int32Array {
  const positions = new Int32Array(sequences.T);
  for (let b = 0; b < sequences.B; b++) {
    let position = padId;
    for (let t = sequences.cuSeqlens[b]!; t < sequences.cuSeqlens[b + 1]!; t++) {
      positions[t] = ids[t] === padId ? padId : ++position;
    }
  }
  return positions;
}
