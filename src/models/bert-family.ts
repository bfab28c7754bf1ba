/**
 * BERT as a family (BERT, MiniLM, TinyBERT, BGE, E5, ...): the row that other families vary.
 */

import { BertEncoder } from "./bert.ts";
import { BERT_HEADS } from "./bert-heads.ts";
import { BERT } from "./bert-names.ts";
import type { Family } from "./family.ts";
import type { HeadKind } from "./heads.ts";

export const WORDS = "embeddings.word_embeddings.weight";
export const BUFFERS = ["embeddings.position_ids", "embeddings.token_type_ids"];
export const TOKEN_HEADS: readonly HeadKind[] = ["ForTokenClassification", "ForQuestionAnswering", "ForMaskedLM"];

export const BERT_FAMILY: Family = {
  modelType: "bert",
  className: "Bert",
  prefix: "bert",
  landmark: WORDS,
  load: (weights, config) => BertEncoder.load(weights, config, BERT),
  heads: BERT_HEADS,
  pooler: { name: "pooler.dense" },
  withoutPooler: TOKEN_HEADS,
  unused: BUFFERS,
};
