/**
 * BERT's own dialect: the names of its tensors, relative to the encoder. Other families vary it (bert-dialects.ts).
 */

import type { BertDialect } from "./bert.ts";

export const BERT_BLOCK: BertDialect["block"] = {
  query: "attention.self.query",
  key: "attention.self.key",
  value: "attention.self.value",
  output: "attention.output.dense",
  attentionNorm: "attention.output.LayerNorm",
  up: "intermediate.dense",
  down: "output.dense",
  outputNorm: "output.LayerNorm",
};

export const BERT_EMBEDDINGS: BertDialect["embeddings"] = {
  words: "embeddings.word_embeddings",
  positions: "embeddings.position_embeddings",
  types: "embeddings.token_type_embeddings",
  norm: "embeddings.LayerNorm",
};

export const BERT: BertDialect = {
  embeddings: BERT_EMBEDDINGS,
  block: BERT_BLOCK,
  layer: (l) => [`encoder.layer.${l}`],
  activation: "gelu",
};
