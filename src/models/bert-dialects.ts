/**
 * The families that are BERT's mathematics under other names: one row each, read by bert.ts.
 * Names are paths relative to the encoder (below "bert.", "distilbert.", ...), as transformers' checkpoints spell them.
 */

import type { BertDialect } from "./bert.ts";
import { BERT, BERT_EMBEDDINGS } from "./bert-names.ts";
import { afterPadding } from "./positions.ts";

export const DISTILBERT: BertDialect = {
  embeddings: { words: BERT_EMBEDDINGS.words, positions: BERT_EMBEDDINGS.positions, norm: BERT_EMBEDDINGS.norm },
  block: {
    query: "attention.q_lin",
    key: "attention.k_lin",
    value: "attention.v_lin",
    output: "attention.out_lin",
    attentionNorm: "sa_layer_norm",
    up: "ffn.lin1",
    down: "ffn.lin2",
    outputNorm: "output_layer_norm",
  },
  layer: (l) => [`transformer.layer.${l}`],
  activation: "gelu",
};

export const ROBERTA: BertDialect = { ...BERT, positions: afterPadding };

export const ELECTRA: BertDialect = { ...BERT, embeddings: { ...BERT_EMBEDDINGS, project: "embeddings_project" } };

/** ALBERT (Lan et al. 2019, https://arxiv.org/abs/1909.11942): layers share the weights of their group; a group may hold several blocks. */
export const ALBERT: BertDialect = {
  embeddings: { ...BERT_EMBEDDINGS, project: "encoder.embedding_hidden_mapping_in" },
  block: {
    query: "attention.query",
    key: "attention.key",
    value: "attention.value",
    output: "attention.dense",
    attentionNorm: "attention.LayerNorm",
    up: "ffn",
    down: "ffn_output",
    outputNorm: "full_layer_layer_norm",
  },
  layer: (l, config) => {
    const groups = config.integer("num_hidden_groups", { fallback: 1 });
    const inner = config.integer("inner_group_num", { fallback: 1 });
    const group = Math.floor(l / (config.integer("num_hidden_layers") / groups));
    return Array.from({ length: inner }, (_, i) => `encoder.albert_layer_groups.${group}.albert_layers.${i}`);
  },
  activation: "gelu_new",
};
