/**
 * Multi-head attention over a ragged batch: the definition.
 *
 *   scores[i, j] = scale * (q_i · k_j + Σ content terms) + Σ head terms
 *   out_i        = Σ_j softmax_j(scores[i, j]) v_j          (Vaswani et al. 2017, https://arxiv.org/abs/1706.03762)
 *
 * per sequence and head; j runs over the sequence, or over |i - j| <= window. q, k, v and out are [T, H * D], head h in columns h D .. (h + 1) D.
 * Relative terms depend on the distance i - j through `bucketOf(i - j)`, a row of `table`:
 *   by "head"   table [R, H]      adds table[r][h]                         (MPNet, T5)
 *   by "query"  table [R, H * D]  adds q_i · table[r] inside the scale     (DeBERTa's content to position)
 *   by "key"    table [R, H * D]  adds k_j · table[r] inside the scale     (DeBERTa's position to content)
 * One op serves every family; families differ in the terms they pass.
 */

import { ShapeError } from "../errors.ts";
import type { Backend } from "./backend.ts";
import { expectShape } from "./checks.ts";
import type { Mat } from "./mat.ts";
import type { Sequences } from "./sequences.ts";

export interface RelativeTerm {
  readonly table: Mat;
  /** The row of `table` for a distance i - j (query position minus key position). */
  readonly bucketOf: (distance: number) => number;
  readonly by: "head" | "query" | "key";
}

export interface AttentionOptions {
  readonly heads: number;
  readonly scale: number;
  /** Local attention: key j counts for query i only if |i - j| <= window. */
  readonly window?: number | undefined;
  readonly relative?: readonly RelativeTerm[] | undefined;
  /** Filled with the softmax, one Mat [H * S, S] per sequence (head h's rows at h S). Asking for it does not change a bit of `out`. */
  readonly probs?: readonly Mat[] | undefined;
}

export function checkAttention(out: Mat, q: Mat, k: Mat, v: Mat, sequences: Sequences, options: AttentionOptions): void {
  const { T, B } = sequences;
  for (const [name, x] of Object.entries({ out, q, k, v })) expectShape(`attention ${name}`, x, T, q.cols);
  if (q.cols % options.heads !== 0) throw new ShapeError(`attention: ${q.cols} channels do not divide into ${options.heads} heads`);
  if (options.probs && options.probs.length !== B) {
    throw new ShapeError(`attention: expected probs for ${B} sequences, got ${options.probs.length}`);
  }
  options.probs?.forEach((probs, b) => {
    const S = sequences.lengthOf(b);
    expectShape(`attention probs[${b}]`, probs, options.heads * S, S);
  });
  for (const { table, by } of options.relative ?? []) {
    expectShape(`attention table by ${by}`, table, table.rows, by === "head" ? options.heads : q.cols);
  }
}

/** The default body: each sequence, each head, in primitives. */
export function composeAttention(
  backend: Backend,
  out: Mat,
  q: Mat,
  k: Mat,
  v: Mat,
  sequences: Sequences,
  options: AttentionOptions,
): void {
  const D = q.cols / options.heads;
  for (let b = 0; b < sequences.B; b++) {
    const rows = sequences.rowsOf(b);
    const S = rows.count;
    for (let h = 0; h < options.heads; h++) {
      backend.frame(() => {
        const headOf = (x: Mat) => x.slice(rows).columns(h * D, D); // S D
        const scores = composeScores(backend, headOf(q), headOf(k), h, options); // S S
        const probs = options.probs?.[b]?.slice({ first: h * S, count: S }) ?? backend.alloc(S, S); // rows sum to 1
        backend.softmax(probs, scores, options.window);
        backend.matmul(headOf(out), probs, headOf(v));
      });
    }
  }
}

/** scores [S, S] of one sequence and head, before the softmax. q and k are [S, D]. */
function composeScores(backend: Backend, q: Mat, k: Mat, h: number, { scale, relative = [] }: AttentionOptions): Mat {
  const S = q.rows;
  const D = q.cols;
  let scores = backend.alloc(S, S);
  backend.matmul(scores, q, k, { transposeB: true });
  const add = (term: Mat) => {
    const sum = backend.alloc(S, S);
    backend.add(sum, scores, term);
    scores = sum;
  };
  for (const { table, bucketOf, by } of relative) {
    if (by === "head") continue;
    const R = table.rows;
    const perBucket = backend.alloc(S, R); // a query's (or a key's) score with each bucket
    backend.matmul(perBucket, by === "query" ? q : k, table.columns(h * D, D), { transposeB: true });
    const index = by === "query" ? (i: number, j: number) => i * R + bucketOf(i - j) : (i: number, j: number) => j * R + bucketOf(i - j);
    add(pick(backend, perBucket.reshape(S * R, 1), S, index));
  }
  const scaled = backend.alloc(S, S);
  backend.scale(scaled, scores, scale);
  scores = scaled;
  for (const { table, bucketOf, by } of relative) {
    if (by === "head") add(pick(backend, table.columns(h, 1), S, (i, j) => bucketOf(i - j)));
  }
  return scores;
}

/** [S, S] whose element (i, j) is row index(i, j) of the column `x`. */
function pick(backend: Backend, x: Mat, S: number, index: (i: number, j: number) => number): Mat {
  const indices = new Int32Array(S * S);
  for (let i = 0; i < S; i++) for (let j = 0; j < S; j++) indices[i * S + j] = index(i, j);
  const picked = backend.alloc(S * S, 1);
  backend.take(picked, x, indices);
  return picked.reshape(S, S);
}
