/**
 * MPNet (Song et al. 2020, https://arxiv.org/abs/2004.09297): BERT's block with a bias by distance in every attention, shared by all layers.
 *
 *   score[i, j] = q_i · k_j / sqrt(D) + bias[bucket(i - j)][h]
 *
 * The buckets are T5's for both directions (Raffel et al. 2019, https://arxiv.org/abs/1910.10683, section 2.1): half of them for keys after the
 * query; of each half one half holds single distances, the rest grows logarithmically up to 128. transformers computes them with 32 buckets
 * whatever relative_attention_num_buckets says, which therefore only sizes the table.
 */

import type { BertDialect } from "./bert.ts";
import { ROBERTA } from "./bert-dialects.ts";
import { afterPadId } from "./positions.ts";

const BUCKETS = 32;
const MAX_DISTANCE = 128;

/** @param distance i - j, query position minus key position */
export function mpnetBucket(distance: number): number {
  const half = BUCKETS / 2;
  const exact = half / 2;
  const base = distance < 0 ? half : 0;
  const apart = Math.abs(distance);
  if (apart < exact) return base + apart;
  // in f32, as PyTorch: the product is floored, so its last bit may matter
  const { fround, log } = Math;
  const share = fround(fround(log(fround(apart / exact))) / log(MAX_DISTANCE / exact));
  return base + Math.min(half - 1, exact + Math.trunc(fround(share * (half - exact))));
}

/** transformers' MPNetEmbeddings counts from here whatever pad_token_id says. */
const PAD_ID = 1;

export const MPNET: BertDialect = {
  ...ROBERTA,
  positions: () => afterPadId(PAD_ID),
  embeddings: { words: ROBERTA.embeddings.words, positions: ROBERTA.embeddings.positions, norm: ROBERTA.embeddings.norm },
  block: {
    ...ROBERTA.block,
    query: "attention.attn.q",
    key: "attention.attn.k",
    value: "attention.attn.v",
    output: "attention.attn.o",
    attentionNorm: "attention.LayerNorm",
  },
  relative: async (weights, config, { H }) => {
    const R = config.integer("relative_attention_num_buckets", { fallback: BUCKETS, min: BUCKETS });
    const bias = await weights.floats("encoder.relative_attention_bias.weight", R, H, "small");
    const terms = [{ table: weights.backend.constant(bias, R, H), bucketOf: mpnetBucket, by: "head" as const }];
    return async () => terms;
  },
};
