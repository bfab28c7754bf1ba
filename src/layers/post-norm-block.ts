/**
 * One layer of a post-norm encoder, BERT's and DistilBERT's:
 *
 *   a = layerNorm(x + attention(x)),   y = layerNorm(a + feedForward(a))
 *
 * Cut where rows meet: `projectIn` and `finish` are row-local and run inside stretches, `attend` stands between them.
 */

import type { Activation } from "../tensor/activations.ts";
import type { Backend, Norm } from "../tensor/backend.ts";
import type { Mat } from "../tensor/mat.ts";
import type { Sequences } from "../tensor/sequences.ts";
import { FeedForward, type FeedForwardNames } from "./feed-forward.ts";
import { loadNorm } from "./layer-norm.ts";
import { type AttentionExtras, type AttentionNames, type AttentionSizes, SelfAttention } from "./self-attention.ts";
import type { Weights } from "./weights.ts";

export interface BlockNames extends AttentionNames, FeedForwardNames {
  readonly attentionNorm: string;
  readonly outputNorm: string;
}

export interface BlockSizes extends AttentionSizes {
  readonly F: number;
  readonly eps: number;
  readonly activation: Activation | undefined;
}

export class PostNormBlock {
  readonly #attention: SelfAttention;
  readonly #attentionNorm: Norm;
  readonly #feedForward: FeedForward;
  readonly #outputNorm: Norm;

  private constructor(attention: SelfAttention, attentionNorm: Norm, feedForward: FeedForward, outputNorm: Norm) {
    this.#attention = attention;
    this.#attentionNorm = attentionNorm;
    this.#feedForward = feedForward;
    this.#outputNorm = outputNorm;
  }

  static async load(weights: Weights, names: BlockNames, sizes: BlockSizes): Promise<PostNormBlock> {
    const [attention, attentionNorm, feedForward, outputNorm] = await weights.all([
      () => SelfAttention.load(weights, names, sizes),
      () => loadNorm(weights.at(names.attentionNorm), sizes.C, sizes.eps),
      () => FeedForward.load(weights, names, sizes),
      () => loadNorm(weights.at(names.outputNorm), sizes.C, sizes.eps),
    ]);
    return new PostNormBlock(attention, attentionNorm, feedForward, outputNorm);
  }

  /** qkv [rows, 3C] from x [rows, C]. */
  projectIn(backend: Backend, qkv: Mat, x: Mat): void {
    this.#attention.projectIn(backend, qkv, x);
  }

  /** context [T, C] from qkv [T, 3C]; `probs`, where given, receive the softmax of each sequence. */
  attend(backend: Backend, context: Mat, qkv: Mat, sequences: Sequences, extras?: AttentionExtras): void {
    this.#attention.attend(backend, context, qkv, sequences, extras);
  }

  /** out [rows, C] from the layer's input x and its attention's context, both [rows, C]. */
  finish(backend: Backend, out: Mat, x: Mat, context: Mat): void {
    const attended = backend.alloc(x.rows, x.cols);
    this.#attention.projectOut(backend, attended, context);
    const a = backend.alloc(x.rows, x.cols);
    backend.addLayerNorm(a, attended, x, this.#attentionNorm);
    const fed = backend.alloc(x.rows, x.cols);
    this.#feedForward.forward(backend, fed, a);
    backend.addLayerNorm(out, fed, a, this.#outputNorm);
  }
}
