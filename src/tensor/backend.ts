/**
 * Backend: the contract between layers and kernels.
 *
 * The public methods are the ops a layer calls. Each checks its shapes once and hands over to a `compute…` method:
 * the abstract ones are the primitives, the others have a body that composes primitives. That body is the op's definition,
 * its documentation, and what an override is tested against. A new backend is right after the primitives and fast after overrides.
 *
 * Destination first; an op reads strided views and writes `out` completely; `out` never aliases an input (single assignment).
 * Within one backend and `level` every output element is computed by one fixed order of operations, whatever the batch around it.
 */

import { ShapeError } from "../errors.ts";
import type { Activation } from "./activations.ts";
import { type AttentionOptions, checkAttention, composeAttention } from "./attention.ts";
import { distinct, expectShape, sameShape } from "./checks.ts";
import type { Mat, Rows } from "./mat.ts";
import { composeRotate, type Rotary } from "./rotate.ts";
import type { Sequences } from "./sequences.ts";
import type { Linear, LinearRoom, Table, WeightMatrix } from "./weights.ts";

/** How the rows of a sequence become one: sentence-transformers' pooling modes that need arithmetic (cls and lasttoken are `take`). */
export type PoolMode = "mean" | "max" | "meanSqrtLen" | "weightedMean";

/** gamma and beta are [1, C]; beta is absent in norms without bias (ModernBERT). */
export interface Norm {
  readonly gamma: Mat;
  readonly beta?: Mat | undefined;
  readonly eps: number;
}

export interface Lookup {
  readonly table: Table;
  readonly indices: Int32Array;
}

export abstract class Backend {
  abstract readonly name: string;
  /** The feature level: same level, same bits. */
  abstract readonly level: string;

  // ------------------------------------------------------------ memory
  /** Scratch [rows, cols], uninitialised, valid until the enclosing frame ends. */
  abstract alloc(rows: number, cols: number): Mat;
  /** Runs `body`; scratch allocated inside is free again when it returns. */
  abstract frame<R>(body: () => R): R;
  /** A constant [rows, cols] that lives as long as the backend (norm weights, rotary tables). Only outside a pass. */
  abstract constant(data: Float32Array, rows: number, cols: number): Mat;
  /** One forward pass: runs `body` in a frame without awaiting inside, and returns dense copies of the Mats it returns. */
  abstract pass(body: () => readonly Mat[]): Promise<Float32Array[]>;
  /** Frees everything; any later call is the caller's error. */
  abstract dispose(): void;

  /**
   * A stretch of row-local ops over T rows: `body` runs for blocks of rows, each in a frame of its own, in any order and perhaps in parallel.
   * Inside, use `mat.slice(rows)` of what crosses blocks and `alloc(rows.count, ...)` for temporaries, which so stay in cache.
   */
  stretch(T: number, body: (rows: Rows) => void): void {
    const blocks = Math.max(1, Math.ceil(T / this.blockRows)); // of equal size: a remainder of a few rows would read all weights for little
    for (let i = 0; i < blocks; i++) {
      const first = Math.floor((T * i) / blocks);
      this.frame(() => body({ first, count: Math.floor((T * (i + 1)) / blocks) - first }));
    }
  }
  /** Part of a pass whose calls are the same wherever `key` and `mats`, all Mats from outside, are: a backend that records calls may repeat what it recorded. */
  repeatable(_key: string, _mats: readonly Mat[], body: () => void): void {
    body();
  }
  /** The most rows of a block of a stretch. A GPU would say Infinity. */
  protected get blockRows(): number {
    return 96;
  }

  // ------------------------------------------------------------ weights
  /** Packs y = x Wᵀ + b. Several matrices are stacked by rows; `bias` has the sum of their rows, absent = no bias. */
  abstract linear(weights: readonly WeightMatrix[], bias?: Float32Array): Linear;
  /** Where a file may be read to for a linear() of such matrices, perhaps by another thread; undefined where linear() wants bytes. */
  room(_weights: readonly Omit<WeightMatrix, "bytes" | "scale">[]): LinearRoom | undefined {
    return undefined;
  }
  /** An embedding table, kept in its own bytes. */
  abstract table(weight: WeightMatrix): Table;

  // ------------------------------------------------------------ primitives
  /** out[n, :] = table[indices[n], :], a zero row where the index is -1. Indices are in range (checked where ids enter). */
  gather(out: Mat, table: Table, indices: Int32Array): void {
    expectShape("gather", out, indices.length, table.cols);
    this.computeGather(out, table, indices);
  }
  /** out[n, :] = x[indices[n], :], a zero row where the index is -1. */
  take(out: Mat, x: Mat, indices: Int32Array): void {
    expectShape("take", out, indices.length, x.cols);
    distinct("take", out, x);
    this.computeTake(out, x, indices);
  }
  /** out[M, N] = x[M, K] Wᵀ + b. */
  project(out: Mat, x: Mat, linear: Linear): void {
    this.#checkProject(out, x, linear);
    this.computeProject(out, x, linear);
  }
  /** out[M, N] = a[M, K] b[K, N], or a bᵀ with b [N, K] when transposeB. */
  matmul(out: Mat, a: Mat, b: Mat, options: { transposeB?: boolean } = {}): void {
    const transposeB = options.transposeB ?? false;
    const N = transposeB ? b.rows : b.cols;
    expectShape("matmul b", b, transposeB ? N : a.cols, transposeB ? a.cols : N);
    expectShape("matmul", out, a.rows, N);
    distinct("matmul", out, a, b);
    this.computeMatmul(out, a, b, transposeB);
  }
  /** out = a + b. */
  add(out: Mat, a: Mat, b: Mat): void {
    sameShape("add", out, a, b);
    this.computeAdd(out, a, b);
  }
  /** out = a * b, element by element. */
  multiply(out: Mat, a: Mat, b: Mat): void {
    sameShape("multiply", out, a, b);
    this.computeMultiply(out, a, b);
  }
  /** out = x * factor. */
  scale(out: Mat, x: Mat, factor: number): void {
    sameShape("scale", out, x);
    this.computeScale(out, x, factor);
  }
  /** out[t, c] = x[t, c] * gain[c] + shift[c], with gain and shift [1, C]. */
  scaleShift(out: Mat, x: Mat, gain: Mat, shift: Mat): void {
    sameShape("scaleShift", out, x);
    expectShape("scaleShift gain", gain, 1, x.cols);
    expectShape("scaleShift shift", shift, 1, x.cols);
    this.computeScaleShift(out, x, gain, shift);
  }
  /** out = f(x), element by element. */
  activate(out: Mat, x: Mat, activation: Activation): void {
    sameShape("activate", out, x);
    this.computeActivate(out, x, activation);
  }
  /** out[t, :] = (x - mean) / sqrt(variance + eps) * gamma + beta over each row, variance biased (divided by C). */
  layerNorm(out: Mat, x: Mat, norm: Norm): void {
    sameShape("layerNorm", out, x);
    this.#checkNorm(x, norm);
    this.computeLayerNorm(out, x, norm);
  }
  /** Row-wise softmax. With a window, row i covers the columns |i - j| <= window only and the others become 0. */
  softmax(out: Mat, x: Mat, window = Number.POSITIVE_INFINITY): void {
    sameShape("softmax", out, x);
    this.computeSoftmax(out, x, window);
  }
  /** out[b, :] = the rows of sequence b pooled: mean; max; sum / sqrt(S); weights 1..S (weightedMean). */
  pool(out: Mat, x: Mat, sequences: Sequences, mode: PoolMode): void {
    expectShape("pool x", x, sequences.T, out.cols);
    expectShape("pool", out, sequences.B, x.cols);
    this.computePool(out, x, sequences, mode);
  }
  /** out[t, :] = x[t, :] / max(|x[t, :]|, 1e-12) in the Euclidean norm, as torch.nn.functional.normalize. */
  normalize(out: Mat, x: Mat): void {
    sameShape("normalize", out, x);
    this.computeNormalize(out, x);
  }

  protected abstract computeGather(out: Mat, table: Table, indices: Int32Array): void;
  protected abstract computeTake(out: Mat, x: Mat, indices: Int32Array): void;
  protected abstract computeProject(out: Mat, x: Mat, linear: Linear): void;
  protected abstract computeMatmul(out: Mat, a: Mat, b: Mat, transposeB: boolean): void;
  protected abstract computeAdd(out: Mat, a: Mat, b: Mat): void;
  protected abstract computeMultiply(out: Mat, a: Mat, b: Mat): void;
  protected abstract computeScale(out: Mat, x: Mat, factor: number): void;
  protected abstract computeScaleShift(out: Mat, x: Mat, gain: Mat, shift: Mat): void;
  protected abstract computeActivate(out: Mat, x: Mat, activation: Activation): void;
  protected abstract computeLayerNorm(out: Mat, x: Mat, norm: Norm): void;
  protected abstract computeSoftmax(out: Mat, x: Mat, window: number): void;
  protected abstract computePool(out: Mat, x: Mat, sequences: Sequences, mode: PoolMode): void;
  protected abstract computeNormalize(out: Mat, x: Mat): void;

  // ------------------------------------------------------------ fused ops, defined by their bodies
  /** out = the sum of the lookups, added in their order: BERT's word + token type + position embeddings. */
  embed(out: Mat, lookups: readonly Lookup[]): void {
    if (lookups.length === 0) throw new ShapeError("embed: expected at least one lookup");
    for (const { table, indices } of lookups) expectShape("embed", out, indices.length, table.cols);
    this.computeEmbed(out, lookups);
  }
  protected computeEmbed(out: Mat, lookups: readonly Lookup[]): void {
    let sum: Mat | undefined;
    lookups.forEach(({ table, indices }, i) => {
      const isLast = i === lookups.length - 1;
      const rows = sum || !isLast ? this.alloc(out.rows, out.cols) : out;
      this.gather(rows, table, indices);
      if (!sum) {
        sum = rows;
        return;
      }
      const next = isLast ? out : this.alloc(out.rows, out.cols);
      this.add(next, sum, rows);
      sum = next;
    });
  }

  /** out = f(x Wᵀ + b). */
  projectActivate(out: Mat, x: Mat, linear: Linear, activation: Activation): void {
    this.#checkProject(out, x, linear);
    this.computeProjectActivate(out, x, linear, activation);
  }
  protected computeProjectActivate(out: Mat, x: Mat, linear: Linear, activation: Activation): void {
    const projected = this.alloc(out.rows, out.cols);
    this.project(projected, x, linear);
    this.activate(out, projected, activation);
  }

  /** out = layerNorm(a + b): the residual connection of a post-norm encoder. */
  addLayerNorm(out: Mat, a: Mat, b: Mat, norm: Norm): void {
    sameShape("addLayerNorm", out, a, b);
    this.#checkNorm(a, norm);
    this.computeAddLayerNorm(out, a, b, norm);
  }
  protected computeAddLayerNorm(out: Mat, a: Mat, b: Mat, norm: Norm): void {
    const sum = this.alloc(out.rows, out.cols);
    this.add(sum, a, b);
    this.layerNorm(out, sum, norm);
  }

  /** Rotary embedding of each head's channels; see rotate.ts for the formula. */
  rotate(out: Mat, x: Mat, rotary: Rotary): void {
    sameShape("rotate", out, x);
    expectShape("rotate", x, rotary.positions.length, rotary.cos.cols * 2 * rotary.heads);
    this.computeRotate(out, x, rotary);
  }
  protected computeRotate(out: Mat, x: Mat, rotary: Rotary): void {
    composeRotate(this, out, x, rotary);
  }

  /** Multi-head attention inside each sequence; see attention.ts for the formula and the options. */
  attention(out: Mat, q: Mat, k: Mat, v: Mat, sequences: Sequences, options: AttentionOptions): void {
    checkAttention(out, q, k, v, sequences, options);
    this.computeAttention(out, q, k, v, sequences, options);
  }
  protected computeAttention(out: Mat, q: Mat, k: Mat, v: Mat, sequences: Sequences, options: AttentionOptions): void {
    composeAttention(this, out, q, k, v, sequences, options);
  }

  #checkProject(out: Mat, x: Mat, linear: Linear): void {
    expectShape("project x", x, x.rows, linear.K);
    expectShape("project", out, x.rows, linear.N);
    distinct("project", out, x);
  }

  #checkNorm(x: Mat, norm: Norm): void {
    expectShape("layerNorm gamma", norm.gamma, 1, x.cols);
    if (norm.beta) expectShape("layerNorm beta", norm.beta, 1, x.cols);
  }
}
