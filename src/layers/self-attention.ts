/**
 * Multi-head self-attention (Vaswani et al. 2017, https://arxiv.org/abs/1706.03762, section 3.2):
 *
 *   [q k v] = x [Wq Wk Wv]ᵀ + b,   context = softmax(q kᵀ / sqrt(D)) v per sequence and head,   y = context Woᵀ + bo
 *
 * Q, K and V are one product; the three steps are three methods, because only the middle one crosses rows
 * and so stands between two stretches.
 */

import type { RelativeTerm } from "../tensor/attention.ts";
import type { Backend } from "../tensor/backend.ts";
import type { Mat } from "../tensor/mat.ts";
import type { Sequences } from "../tensor/sequences.ts";
import type { Linear } from "../tensor/weights.ts";
import { loadLinear } from "./linear.ts";
import type { Weights } from "./weights.ts";

export interface AttentionNames {
  readonly query: string;
  readonly key: string;
  readonly value: string;
  readonly output: string;
}

/** What attention may have besides q, k and v, as the backend's op takes it. */
export interface AttentionExtras {
  readonly relative?: readonly RelativeTerm[] | undefined;
  readonly probs?: readonly Mat[] | undefined;
}

export interface AttentionSizes {
  readonly C: number;
  readonly H: number;
  /** Default 1 / sqrt(D). */
  readonly scale?: number | undefined;
}

export class SelfAttention {
  readonly #heads: number;
  readonly #scale: number;
  readonly #qkv: Linear;
  readonly #output: Linear;

  private constructor(heads: number, scale: number, qkv: Linear, output: Linear) {
    this.#heads = heads;
    this.#scale = scale;
    this.#qkv = qkv;
    this.#output = output;
  }

  static async load(weights: Weights, names: AttentionNames, { C, H, scale }: AttentionSizes): Promise<SelfAttention> {
    const [qkv, output] = await weights.all([
      () => loadLinear(weights, [names.query, names.key, names.value], C, C, { role: "encoder" }),
      () => loadLinear(weights, names.output, C, C, { role: "encoder" }),
    ]);
    return new SelfAttention(H, scale ?? 1 / Math.sqrt(C / H), qkv, output);
  }

  /** qkv [rows, 3C]. Row-local. */
  projectIn(backend: Backend, qkv: Mat, x: Mat): void {
    backend.project(qkv, x, this.#qkv);
  }

  /** context [T, C] from qkv [T, 3C], with terms by distance where a family has them. Crosses the rows of a sequence. */
  attend(backend: Backend, context: Mat, qkv: Mat, sequences: Sequences, extras: AttentionExtras = {}): void {
    const C = context.cols;
    const [q, k, v] = [qkv.columns(0, C), qkv.columns(C, C), qkv.columns(2 * C, C)];
    backend.attention(context, q, k, v, sequences, { heads: this.#heads, scale: this.#scale, ...extras });
  }

  /** out [rows, C]. Row-local. */
  projectOut(backend: Backend, out: Mat, context: Mat): void {
    backend.project(out, context, this.#output);
  }
}
