/**
 * The heads of each family, as transformers' classes define them: rows for heads.ts. Names are from the root of the checkpoint.
 */

import type { Activation } from "../tensor/activations.ts";
import { BERT_HEADS, bertMaskedLM, classifier, HIDDEN_ACT, nextSentence, spans } from "./bert-heads.ts";
import type { Config } from "./config.ts";
import type { HeadRow, HeadTable } from "./heads.ts";

const preClassifier = (size: "classes" | number): HeadRow => ({
  ...classifier("first", size),
  dense: { name: "pre_classifier", activation: "relu" },
});

export const DISTILBERT_HEADS: HeadTable = {
  Model: [],
  ForSequenceClassification: [preClassifier("classes")],
  ForTokenClassification: [classifier("tokens")],
  ForQuestionAnswering: [spans],
  ForMultipleChoice: [preClassifier(1)],
  ForMaskedLM: [
    {
      output: "logits",
      input: "tokens",
      dense: { name: "vocab_transform", activation: { field: "activation", fallback: "gelu" } },
      norm: { name: "vocab_layer_norm", eps: 1e-12 },
      out: { name: "vocab_projector", size: "vocabulary" },
    },
  ],
};

/** dense + activation on the first token, then out_proj: RoBERTa's and ELECTRA's sequence classifier. */
const denseClassifier = (activation: Activation): HeadRow => ({
  output: "logits",
  input: "first",
  dense: { name: "classifier.dense", activation },
  out: { name: "classifier.out_proj", size: "classes" },
});

/** RoBERTa's masked LM, GTE's, too. */
const lmHead = (norm = "lm_head.layer_norm"): HeadRow => ({
  output: "logits",
  input: "tokens",
  dense: { name: "lm_head.dense", activation: "gelu" },
  norm: { name: norm },
  out: { name: "lm_head.decoder", size: "vocabulary", bias: ["lm_head.bias", "lm_head.decoder.bias"] },
});

export const ROBERTA_HEADS: HeadTable = {
  Model: [],
  ForSequenceClassification: [denseClassifier("tanh")],
  ForTokenClassification: [classifier("tokens")],
  ForQuestionAnswering: [spans],
  ForMultipleChoice: [classifier("pooled", 1)],
  ForMaskedLM: [lmHead()],
};

export const ELECTRA_HEADS: HeadTable = {
  Model: [],
  ForSequenceClassification: [denseClassifier("gelu")],
  ForTokenClassification: [classifier("tokens")],
  ForQuestionAnswering: [spans],
  ForMultipleChoice: [
    {
      ...classifier("first", 1),
      dense: { name: "sequence_summary.summary", activation: { field: "summary_activation", fallback: "gelu" } },
    },
  ],
  ForMaskedLM: [
    {
      output: "logits",
      input: "tokens",
      dense: { name: "generator_predictions.dense", size: "E", activation: "gelu" },
      norm: { name: "generator_predictions.LayerNorm" },
      out: { name: "generator_lm_head", size: "vocabulary" },
    },
  ],
  ForPreTraining: [
    {
      output: "logits",
      input: "tokens",
      dense: { name: "discriminator_predictions.dense", activation: HIDDEN_ACT },
      out: { name: "discriminator_predictions.dense_prediction", size: 1 },
      isScalar: true,
    },
  ],
};

/** DeBERTa calls the dense layer before its sequence classifier a pooler; it belongs to the head, not to the encoder. */
const debertaPooled = (size: "classes" | number): HeadRow => ({
  ...classifier("first", size),
  dense: { name: "pooler.dense", activation: { field: "pooler_hidden_act", fallback: "gelu" } },
});

/** DeBERTa's own masked LM (legacy: false): another place for BERT's; its decoder is the word table whatever tie_word_embeddings says. */
const debertaMaskedLM: HeadRow = {
  ...bertMaskedLM,
  dense: { name: "lm_predictions.lm_head.dense", activation: HIDDEN_ACT },
  norm: { name: "lm_predictions.lm_head.LayerNorm" },
  out: { name: "lm_predictions.lm_head", size: "vocabulary", isTied: true },
};

export function debertaHeads(config: Config): HeadTable {
  return {
    Model: [],
    ForSequenceClassification: [debertaPooled("classes")],
    ForTokenClassification: [classifier("tokens")],
    ForQuestionAnswering: [spans],
    ForMultipleChoice: [debertaPooled(1)],
    ForMaskedLM: [config.flag("legacy", true) ? bertMaskedLM : debertaMaskedLM],
  };
}

const albertMaskedLM: HeadRow = {
  output: "logits",
  input: "tokens",
  dense: { name: "predictions.dense", size: "E", activation: { field: "hidden_act", fallback: "gelu_new" } },
  norm: { name: "predictions.LayerNorm" },
  out: { name: "predictions.decoder", size: "vocabulary", bias: ["predictions.bias", "predictions.decoder.bias"] },
};

export const ALBERT_HEADS: HeadTable = {
  Model: [],
  ForSequenceClassification: [classifier("pooled")],
  ForTokenClassification: [classifier("tokens")],
  ForQuestionAnswering: [spans],
  ForMultipleChoice: [classifier("pooled", 1)],
  ForMaskedLM: [albertMaskedLM],
  ForPreTraining: [
    albertMaskedLM,
    { output: "seqRelationship", input: "pooled", out: { name: "sop_classifier.classifier", size: "classes" } },
  ],
};

export const NOMIC_BERT_HEADS: HeadTable = {
  Model: [],
  ForSequenceClassification: [classifier("pooled")],
  ForTokenClassification: [classifier("tokens")],
  ForMaskedLM: [{ ...bertMaskedLM, norm: { name: "cls.predictions.transform.layer_norm" } }],
};

export const GTE_HEADS: HeadTable = {
  Model: [],
  ForSequenceClassification: [classifier("pooled")],
  ForTokenClassification: [classifier("tokens")],
  ForMaskedLM: [lmHead("lm_head.norm")],
};

/** ModernBERT puts dense + activation + norm before every head; what pools and which biases exist is config.json's choice. */
export function modernBertHeads(config: Config): HeadTable {
  const pooling = config.text("classifier_pooling", { fallback: "cls" });
  if (pooling !== "cls" && pooling !== "mean") throw config.mismatch("classifier_pooling", '"cls" or "mean"');
  const input = pooling === "cls" ? "first" : "mean";
  const activation = { field: "classifier_activation", fallback: "gelu" };
  const head = {
    dense: { name: "head.dense", activation, bias: config.flag("classifier_bias", false) },
    norm: { name: "head.norm", bias: config.flag("norm_bias", false), eps: config.positive("norm_eps", { fallback: 1e-5 }) },
  };
  const decoder = { name: "decoder", size: "vocabulary", bias: config.flag("decoder_bias", true) && ["decoder.bias"] } as const;
  return {
    Model: [],
    ForSequenceClassification: [{ ...classifier(input), ...head }],
    ForTokenClassification: [{ ...classifier("tokens"), ...head }],
    ForQuestionAnswering: [{ ...spans, out: { name: "classifier", size: 2 }, ...head }],
    ForMultipleChoice: [{ ...classifier(input, 1), ...head }],
    ForMaskedLM: [{ output: "logits", input: "tokens", ...head, out: decoder }],
  };
}

const mobileBertMaskedLM: HeadRow = { ...bertMaskedLM, out: { ...bertMaskedLM.out, extension: "cls.predictions.dense" } };

export const MOBILEBERT_HEADS: HeadTable = {
  ...BERT_HEADS,
  ForMaskedLM: [mobileBertMaskedLM],
  ForPreTraining: [mobileBertMaskedLM, { ...nextSentence, output: "seqRelationship" }],
};
