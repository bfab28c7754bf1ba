/**
 * The families: config.json's model_type -> encoder, pooler, heads, and where their tensors are. One row each.
 *
 * Adding a family: a row here; a row of bert-dialects.ts if its mathematics are BERT's, else a file that implements Encoder.
 */

import { BertEncoder } from "./bert.ts";
import { ALBERT, DISTILBERT, ELECTRA, ROBERTA } from "./bert-dialects.ts";
import { BERT_FAMILY, BUFFERS, TOKEN_HEADS, WORDS } from "./bert-family.ts";
import type { Config } from "./config.ts";
import { DEBERTA_UNUSED, loadDeberta } from "./deberta.ts";
import { type Architecture, type Family, findArchitecture } from "./family.ts";
import {
  ALBERT_HEADS,
  DISTILBERT_HEADS,
  debertaHeads,
  ELECTRA_HEADS,
  GTE_HEADS,
  MOBILEBERT_HEADS,
  modernBertHeads,
  NOMIC_BERT_HEADS,
  ROBERTA_HEADS,
} from "./head-tables.ts";
import { MobileBertEncoder } from "./mobilebert.ts";
import { ModernBertEncoder } from "./modernbert.ts";
import { MPNET } from "./mpnet.ts";
import { GTE, NOMIC_BERT, RotaryBertEncoder } from "./rotary-bert.ts";

const ROBERTA_FAMILY: Family = {
  ...BERT_FAMILY,
  modelType: "roberta",
  className: "Roberta",
  prefix: "roberta",
  load: (weights, config) => BertEncoder.load(weights, config, ROBERTA),
  heads: ROBERTA_HEADS,
  withoutPooler: [...TOKEN_HEADS, "ForSequenceClassification"],
};

/** GTE's checkpoints were published under model_type "new" before transformers took the family in as "gte"; either prefix is found under either. */
const GTE_FAMILY: Family = {
  ...BERT_FAMILY,
  modelType: "gte",
  className: "Gte",
  prefix: ["gte", "new"],
  load: (weights, config) => RotaryBertEncoder.load(weights, config, GTE),
  heads: GTE_HEADS,
};

export const FAMILIES: readonly Family[] = [
  BERT_FAMILY,
  {
    modelType: "distilbert",
    className: "DistilBert",
    prefix: "distilbert",
    landmark: WORDS,
    load: (weights, config) => BertEncoder.load(weights, config, DISTILBERT),
    heads: DISTILBERT_HEADS,
    unused: BUFFERS,
  },
  ROBERTA_FAMILY,
  { ...ROBERTA_FAMILY, modelType: "xlm-roberta", className: "XLMRoberta" },
  { ...ROBERTA_FAMILY, modelType: "camembert", className: "Camembert" },
  {
    modelType: "electra",
    className: "Electra",
    prefix: "electra",
    landmark: WORDS,
    load: (weights, config) => BertEncoder.load(weights, config, ELECTRA),
    heads: ELECTRA_HEADS,
    unused: BUFFERS,
  },
  {
    ...BERT_FAMILY,
    modelType: "albert",
    className: "Albert",
    prefix: "albert",
    load: (weights, config) => BertEncoder.load(weights, config, ALBERT),
    heads: ALBERT_HEADS,
    pooler: { name: "pooler" },
  },
  {
    ...ROBERTA_FAMILY,
    modelType: "mpnet",
    className: "MPNet",
    prefix: "mpnet",
    load: (weights, config) => BertEncoder.load(weights, config, MPNET),
  },
  {
    modelType: "deberta-v2",
    className: "DebertaV2",
    prefix: "deberta",
    landmark: WORDS,
    load: loadDeberta,
    heads: debertaHeads,
    unused: [...BUFFERS, ...DEBERTA_UNUSED],
    otherHeads: ["cls", "lm_predictions", "mask_predictions"],
  },
  {
    ...BERT_FAMILY,
    modelType: "mobilebert",
    className: "MobileBert",
    prefix: "mobilebert",
    load: MobileBertEncoder.load,
    heads: MOBILEBERT_HEADS,
  },
  {
    modelType: "modernbert",
    className: "ModernBert",
    prefix: "model",
    landmark: "embeddings.tok_embeddings.weight",
    load: ModernBertEncoder.load,
    heads: modernBertHeads,
    unused: [],
  },
  {
    ...BERT_FAMILY,
    modelType: "nomic_bert",
    className: "NomicBert",
    prefix: "nomic_bert",
    load: (weights, config) => RotaryBertEncoder.load(weights, config, NOMIC_BERT),
    heads: NOMIC_BERT_HEADS,
  },
  GTE_FAMILY,
  { ...GTE_FAMILY, modelType: "new", className: "New" },
];

/** findArchitecture among all families. @throws ConfigError naming what is supported */
export function architectureOf(config: Config, wanted?: string): Architecture {
  return findArchitecture(FAMILIES, config, wanted);
}
