/**
 * Heads as data: what transformers' `...For<Task>` classes put on an encoder, one row a head and family.
 *
 * A row says which hidden states a head reads, through which layers they go (names from the root of the checkpoint), and what comes out.
 * `loadHead` turns a row into weights. The same rows say which tensors of a file belong to some head of the family and may be left unused.
 */

import { Head } from "../layers/head.ts";
import { loadNorm } from "../layers/layer-norm.ts";
import { loadLinear } from "../layers/linear.ts";
import type { Weights } from "../layers/weights.ts";
import { type Activation, activationOf } from "../tensor/activations.ts";
import type { Config } from "./config.ts";
import type { EncoderSizes } from "./encoder.ts";

/** Config.json's `architectures` without the family's name: "BertForMaskedLM" -> "ForMaskedLM". "Model" is the bare encoder. */
export type HeadKind =
  | "Model"
  | "ForSequenceClassification"
  | "ForTokenClassification"
  | "ForQuestionAnswering"
  | "ForMultipleChoice"
  | "ForMaskedLM"
  | "ForNextSentencePrediction"
  | "ForPreTraining";

export interface HeadRow {
  /** Where the result goes: `logits`, `startLogits` and `endLogits` (two columns), or `seqRelationshipLogits`. */
  readonly output: "logits" | "span" | "seqRelationship";
  /** What the head reads: the pooler's output, the first token, the mean of the tokens (one row a sequence), or every token. */
  readonly input: "pooled" | "first" | "mean" | "tokens";
  readonly dense?: {
    readonly name: string;
    /** Output size: C, or the embedding size E. Default C. */
    readonly size?: "C" | "E";
    /** A function, the field of config.json that names one (or its default), e.g. { field: "hidden_act", fallback: "gelu" }. */
    readonly activation: Activation | { readonly field: string; readonly fallback: string };
    readonly bias?: boolean;
  };
  readonly norm?: { readonly name: string; readonly bias?: boolean; readonly eps?: number };
  readonly out: {
    readonly name: string;
    /** Columns: the classes of config.json, the vocabulary (the weight is then the word table's unless tie_word_embeddings is false), or a number. */
    readonly size: "classes" | "vocabulary" | number;
    /** Spellings of the bias where it is not `${name}.bias`. */
    readonly bias?: readonly string[];
  };
  /** One column, given without its axis: [S] instead of [S, 1]. */
  readonly isScalar?: boolean;
}

/** A head with its weights. */
export interface LoadedHead {
  readonly row: HeadRow;
  readonly layer: Head;
}

/**
 * @param root the checkpoint at its root, where heads live
 * @param encoder the checkpoint at the encoder, where the word table lives
 */
export async function loadHead(row: HeadRow, root: Weights, encoder: Weights, config: Config, sizes: EncoderSizes): Promise<LoadedHead> {
  const { C, E, V } = sizes;
  let K = C; // columns of what reaches the last layer
  let dense: HeadLinear | undefined;
  let activation: Activation | undefined;
  if (row.dense) {
    const { name, size = "C", activation: f, bias = true } = row.dense;
    K = size === "E" ? E : C;
    dense = await loadLinear(root, name, K, C, { role: "head", bias });
    activation = typeof f === "string" ? f : activationOf(config.text(f.field, { fallback: f.fallback }));
  }
  const { name: normName, bias: normBias = true, eps = config.positive("layer_norm_eps", { fallback: 1e-12 }) } = row.norm ?? {};
  const norm = normName === undefined ? undefined : await loadNorm(root.at(normName), K, eps, { bias: normBias });
  const { name, size, bias = [`${name}.bias`] } = row.out;
  const N = size === "classes" ? config.classes : size === "vocabulary" ? V : size;
  const isTied = size === "vocabulary" && config.flag("tie_word_embeddings", true);
  const matrix = isTied ? await encoder.matrix(`${sizes.words}.weight`, V, E, "words") : await root.matrix(`${name}.weight`, N, K, "head");
  const out = root.backend.linear([matrix], await root.vector(bias, N));
  return { row, layer: new Head({ dense, activation, norm, out }) };
}

type HeadLinear = Awaited<ReturnType<typeof loadLinear>>;

/** Names (from the root) of the modules and biases of a head. */
export function namesOf(row: HeadRow): string[] {
  return [row.dense?.name, row.norm?.name, row.out.name, ...(row.out.bias ?? [])].filter((name) => name !== undefined);
}

// ------------------------------------------------------------ rows that families share
export const classifier = (input: HeadRow["input"], size: "classes" | number = "classes"): HeadRow => ({
  output: "logits",
  input,
  out: { name: "classifier", size },
});

export const spans: HeadRow = { output: "span", input: "tokens", out: { name: "qa_outputs", size: 2 } };

const HIDDEN_ACT = { field: "hidden_act", fallback: "gelu" };

/** BERT's masked LM: transform, norm, and a decoder that is the word table. */
const bertMaskedLM: HeadRow = {
  output: "logits",
  input: "tokens",
  dense: { name: "cls.predictions.transform.dense", activation: HIDDEN_ACT },
  norm: { name: "cls.predictions.transform.LayerNorm" },
  out: { name: "cls.predictions.decoder", size: "vocabulary", bias: ["cls.predictions.bias", "cls.predictions.decoder.bias"] },
};

const nextSentence: HeadRow = { output: "logits", input: "pooled", out: { name: "cls.seq_relationship", size: 2 } };

export type HeadTable = Readonly<Partial<Record<HeadKind, readonly HeadRow[]>>>;

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

export const ROBERTA_HEADS: HeadTable = {
  Model: [],
  ForSequenceClassification: [denseClassifier("tanh")],
  ForTokenClassification: [classifier("tokens")],
  ForQuestionAnswering: [spans],
  ForMultipleChoice: [classifier("pooled", 1)],
  ForMaskedLM: [
    {
      output: "logits",
      input: "tokens",
      dense: { name: "lm_head.dense", activation: "gelu" },
      norm: { name: "lm_head.layer_norm" },
      out: { name: "lm_head.decoder", size: "vocabulary", bias: ["lm_head.bias", "lm_head.decoder.bias"] },
    },
  ],
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

export const DEBERTA_HEADS: HeadTable = {
  Model: [],
  ForSequenceClassification: [debertaPooled("classes")],
  ForTokenClassification: [classifier("tokens")],
  ForQuestionAnswering: [spans],
  ForMultipleChoice: [debertaPooled(1)],
  ForMaskedLM: [bertMaskedLM],
};

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
  ForPreTraining: [albertMaskedLM, { output: "seqRelationship", input: "pooled", out: { name: "sop_classifier.classifier", size: 2 } }],
};
