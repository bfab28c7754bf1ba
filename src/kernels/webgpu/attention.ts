/**
 * Records attention: which blocks of queries there are, which bucket a distance has, and the dispatches.
 *
 * One dispatch for the whole batch and all heads. When `probs` are asked for, one more per sequence writes them (shaders/attention-probs.ts).
 * Head sizes or numbers of relative terms that the kernels do not take are left to the contract's default body.
 */

import type { AttentionOptions } from "../../tensor/attention.ts";
import type { Mat } from "../../tensor/mat.ts";
import type { Sequences } from "../../tensor/sequences.ts";
import { UPLOADS } from "./recording.ts";
import type { Reads, RecordingBackend } from "./recording-backend.ts";
import { type AttentionShape, attentionKernel, attentionName, blockOf, MAX_D, MAX_TERMS } from "./shaders/attention.ts";
import { attentionProbsKernel, attentionProbsName } from "./shaders/attention-probs.ts";

/** False, with nothing recorded, for shapes that the kernels do not take. */
export function recordAttention(
  backend: RecordingBackend,
  out: Mat,
  q: Mat,
  k: Mat,
  v: Mat,
  sequences: Sequences,
  { heads, scale, window = Number.POSITIVE_INFINITY, relative = [], probs }: AttentionOptions,
): boolean {
  const D = q.cols / heads;
  if (D > MAX_D || relative.length > MAX_TERMS) return false;
  const { uploads } = backend;
  const { maxS } = sequences;
  const windowed = window < maxS;
  const shape: AttentionShape = { D, windowed, terms: relative.map(({ by }) => by) };
  const params: Record<string, number> = { max_s: maxS, window: windowed ? window : 0, scale };
  const tables: Record<string, Mat> = {};
  relative.forEach(({ table, bucketOf }, i) => {
    params[`term${i}_buckets`] = uploads.shared(bucketOf, `buckets up to ${maxS}`, () => bucketsOf(bucketOf, maxS));
    tables[`term${i}`] = table;
  });

  const blocks = blocksOf(sequences, blockOf(D));
  const start = uploads.shared(sequences, `blocks of ${blockOf(D)}`, () => blocks);
  const reads: Reads = { q, k, v, index: UPLOADS, ...tables };
  backend.record(attentionName(shape), () => attentionKernel(shape), reads, out, { ...params, blocks: start }, [
    blocks.length / 3,
    heads,
    1,
  ]);

  probs?.forEach((rows, b) => {
    const { first, count: S } = sequences.rowsOf(b);
    const make = () => attentionProbsKernel(shape);
    backend.record(attentionProbsName(shape), make, { q, k, index: UPLOADS, ...tables }, rows, { ...params, first, S }, [S, heads, 1]);
  });
  return true;
}

/** (first row of the sequence, S, first query) of every block of queries. */
function blocksOf({ cuSeqlens, B }: Sequences, Q: number): number[] {
  const blocks: number[] = [];
  for (let b = 0; b < B; b++) {
    const first = cuSeqlens[b]!;
    const S = cuSeqlens[b + 1]! - first;
    for (let query = 0; query < S; query += Q) blocks.push(first, S, query);
  }
  return blocks;
}

/** The bucket of each distance i - j from -(maxS - 1) to maxS - 1. */
function bucketsOf(bucketOf: (distance: number) => number, maxS: number): Int32Array {
  return Int32Array.from({ length: 2 * maxS - 1 }, (_, at) => bucketOf(at - (maxS - 1)));
}
