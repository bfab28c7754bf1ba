/**
 * One head of one sequence, three queries at a time: scores, softmax and P V while the scores are in the first-level cache.
 *
 * The keys are panels of four keys [D][4], the values panels of four channels [S][4]; both products run through the register tile.
 * With a window only the keys that a tile's queries can see are touched. Every number is rounded where the composed definition
 * (tensor/attention.ts) stores a Mat, in the same order, so the bits are those of the reference.
 */

import type { AttentionOptions } from "../../tensor/attention.ts";
import { floatsOf } from "../../tensor/host-mat.ts";
import type { Mat } from "../../tensor/mat.ts";
import { pack } from "./panels.ts";
import { softmaxRow } from "./softmax.ts";
import { MR, NR, tile } from "./tile.ts";

/** q, k, v and out of one head, [S, D] each. */
export interface Head {
  readonly out: Mat;
  readonly q: Mat;
  readonly k: Mat;
  readonly v: Mat;
  /** Which head: a column of the head terms' tables. */
  readonly h: number;
  /** [S, S], filled with the probabilities where asked for. */
  readonly probs: Mat | undefined;
}

/** Adds the terms by content (before the scores are scaled), or those by head, to the scores of query i with the keys from first to end, at scores[at + j]. */
export type AddTerms = (which: "content" | "head", scores: Float32Array, at: number, i: number, first: number, end: number) => void;

export interface HeadScratch {
  /** [1, panelSize(S, D)]. */
  readonly keys: Mat;
  /** [1, panelSize(D, S)]. */
  readonly values: Mat;
  /** [3, S]: the scores of three queries, then their probabilities. */
  readonly scores: Mat;
}

const sums = new Float64Array(MR * NR);

export function attendHead(head: Head, options: AttentionOptions, scratch: HeadScratch, addTerms?: AddTerms): void {
  const { out, q, k, v } = head;
  const { rows: S, cols: D } = q;
  const { scale, window = Number.POSITIVE_INFINITY } = options;
  const keys = floatsOf(scratch.keys);
  const values = floatsOf(scratch.values);
  pack(keys, scratch.keys.offset, floatsOf(k), k.offset, k.stride, 1, S, D);
  pack(values, scratch.values.offset, floatsOf(v), v.offset, 1, v.stride, D, S);

  const scores = floatsOf(scratch.scores);
  const at = scratch.scores.offset;
  for (let i = 0; i < S; i += MR) {
    const rows = Math.min(MR, S - i);
    // Whole panels, from the first key that query i sees to the last key that query i + rows - 1 sees.
    const first = Math.floor(Math.max(0, i - window) / NR) * NR;
    const end = Math.min(S, i + rows + window);
    for (let j = first; j < end; j += NR) {
      tile(sums, floatsOf(q), q.offset + i * q.stride, q.stride, rows, keys, scratch.keys.offset + j * D, D);
      storeTile(scores, at + j, S, rows, Math.min(NR, end - j));
    }
    for (let row = 0; row < rows; row++) {
      const to = at + row * S;
      addTerms?.("content", scores, to, i + row, first, end);
      for (let j = first; j < end; j++) scores[to + j]! *= Math.fround(scale);
      addTerms?.("head", scores, to, i + row, first, end);
      softmaxRow(scores, to, scores, to, i + row, first, end, window);
      if (head.probs) copyProbs(head.probs, i + row, scores, to, first, end);
    }
    for (let d = 0; d < D; d += NR) {
      tile(sums, scores, at + first, S, rows, values, scratch.values.offset + d * S + first * NR, end - first);
      storeTile(floatsOf(out), out.offset + i * out.stride + d, out.stride, rows, Math.min(NR, D - d));
    }
  }
}

/** Rounds the tile's sums to f32 at y[to], its rows `stride` apart. */
function storeTile(y: Float32Array, to: number, stride: number, rows: number, columns: number): void {
  for (let row = 0; row < rows; row++) {
    for (let c = 0; c < columns; c++) y[to + row * stride + c] = sums[row * NR + c]!;
  }
}

function copyProbs(probs: Mat, i: number, scores: Float32Array, from: number, first: number, end: number): void {
  const p = floatsOf(probs);
  const to = probs.offset + i * probs.stride;
  p.fill(0, to, to + probs.cols);
  for (let j = first; j < end; j++) p[to + j] = scores[from + j]!;
}
