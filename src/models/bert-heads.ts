/**
 * The heads of BERT as transformers' classes define them, and the rows that other families share. Names are from the root of the checkpoint.
 */

import type { HeadRow, HeadTable } from "./heads.ts";

export const classifier = (input: HeadRow["input"], size: "classes" | number = "classes"): HeadRow => ({
  output: "logits",
  input,
  out: { name: "classifier", size },
});

export const spans: HeadRow = { output: "span", input: "tokens", out: { name: "qa_outputs", size: 2 } };

export const HIDDEN_ACT = { field: "hidden_act", fallback: "gelu" };

/** BERT's masked LM: transform, norm, and a decoder that is the word table. */
export const bertMaskedLM: HeadRow = {
  output: "logits",
  input: "tokens",
  dense: { name: "cls.predictions.transform.dense", activation: HIDDEN_ACT },
  norm: { name: "cls.predictions.transform.LayerNorm" },
  out: { name: "cls.predictions.decoder", size: "vocabulary", bias: ["cls.predictions.bias", "cls.predictions.decoder.bias"] },
};

export const nextSentence: HeadRow = { output: "logits", input: "pooled", out: { name: "cls.seq_relationship", size: 2 } };

export const BERT_HEADS: HeadTable = {
  Model: [],
  ForSequenceClassification: [classifier("pooled")],
  ForTokenClassification: [classifier("tokens")],
  ForQuestionAnswering: [spans],
  ForMultipleChoice: [classifier("pooled", 1)],
  ForMaskedLM: [bertMaskedLM],
  ForNextSentencePrediction: [nextSentence],
  ForPreTraining: [bertMaskedLM, { ...nextSentence, output: "seqRelationship" }],
};
