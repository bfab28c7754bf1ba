/**
 * One layer of a post-norm encoder, BERT's and DistilBERT's, and with rotary attention NomicBert's and Gte's:
 *
 *   a = layerNorm(x + attention(x)),   y = layerNorm(a + feedForward(a))
 *
 * Cut where rows meet: the attention's `projectIn` and `finishPostNorm` are row-local and run inside stretches, its `attend` stands between them.
 */

import type { Activation } from "../tensor/activations.ts";
import type { Backend, Norm } from "../tensor/backend.ts";
import type { Mat } from "../tensor/mat.ts";
import { FeedForward, type FeedForwardNames } from "./feed-forward.ts";
import { loadNorm } from "./layer-norm.ts";
import { type AttentionNames, type AttentionSizes, SelfAttention } from "./self-attention.ts";
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

/** The parts of a layer whose attention is `A`. */
export interface PostNormBlock<A extends Pick<SelfAttention, "projectOut"> = SelfAttention> {
  readonly attention: A;
  readonly attentionNorm: Norm;
  readonly feedForward: Pick<FeedForward, "forward">;
  readonly outputNorm: Norm;
}

export async function loadPostNormBlock(weights: Weights, names: BlockNames, sizes: BlockSizes): Promise<PostNormBlock> {
  const [attention, attentionNorm, feedForward, outputNorm] = await weights.all([
    () => SelfAttention.load(weights, names, sizes),
    () => loadNorm(weights.at(names.attentionNorm), sizes.C, sizes.eps),
    () => FeedForward.load(weights, names, sizes),
    () => loadNorm(weights.at(names.outputNorm), sizes.C, sizes.eps),
  ]);
  return { attention, attentionNorm, feedForward, outputNorm };
}

/** out [rows, C] from the layer's input x and its attention's context, both [rows, C]. */
export function finishPostNorm<A extends Pick<SelfAttention, "projectOut">>(
  backend: Backend,
  { attention, attentionNorm, feedForward, outputNorm }: PostNormBlock<A>,
  out: Mat,
  x: Mat,
  context: Mat,
): void {
  const attended = backend.alloc(x.rows, x.cols);
  attention.projectOut(backend, attended, context);
  const a = backend.alloc(x.rows, x.cols);
  backend.addLayerNorm(a, attended, x, attentionNorm);
  const fed = backend.alloc(x.rows, x.cols);
  feedForward.forward(backend, fed, a);
  backend.addLayerNorm(out, fed, a, outputNorm);
}
