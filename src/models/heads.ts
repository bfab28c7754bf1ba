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
import type { WeightMatrix } from "../tensor/weights.ts";
import type { Config } from "./config.ts";
import type { EncoderSizes } from "./encoder.ts";
import { ModelHead } from "./model-head.ts";

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
    /** Spellings of the bias where it is not `${name}.bias`; false = none. Of two in one file the first belongs to a tied decoder, the last to one of its own. */
    readonly bias?: readonly string[] | false;
    /** True where tie_word_embeddings is not asked. */
    readonly isTied?: boolean;
    /** A matrix [C - E, V] whose columns extend the tied word table to C inputs (MobileBERT). */
    readonly extension?: string;
  };
  /** One column, given without its axis: [S] instead of [S, 1]. */
  readonly isScalar?: boolean;
}

/**
 * @param root the checkpoint at its root, where heads live
 * @param encoder the checkpoint at the encoder, where the word table lives
 */
export async function loadHead(row: HeadRow, root: Weights, encoder: Weights, config: Config, sizes: EncoderSizes): Promise<ModelHead> {
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
  const isTied = size === "vocabulary" && (row.out.isTied ?? config.flag("tie_word_embeddings", true));
  const matrix = await loadOut(row, isTied ? encoder : undefined, root, sizes, N, K);
  const biases = bias && !isTied ? [...bias].reverse() : bias;
  const out = root.backend.linear([matrix], biases ? await root.vector(biases, N) : undefined);
  return new ModelHead(row, new Head({ dense, activation, norm, out }));
}

/**
 * The last layer's matrix [N, K]: the word table, or a matrix of its own; where that is narrower than what reaches it, with the columns of the row's extension.
 * @param encoder where the word table is, if that is the matrix
 */
async function loadOut(
  { out }: HeadRow,
  encoder: Weights | undefined,
  root: Weights,
  { V, C, E, words }: EncoderSizes,
  N: number,
  K: number,
): Promise<WeightMatrix> {
  const [at, name, role] = encoder ? ([encoder, words, "words"] as const) : ([root, out.name, "head"] as const);
  if (out.extension === undefined || C === E) return at.matrix(`${name}.weight`, N, K, role);
  const table = await at.floats(`${name}.weight`, V, E, role);
  const extension = await root.floats(`${out.extension}.weight`, C - E, V, "head");
  const decoder = new Float32Array(V * C);
  for (let v = 0; v < V; v++) {
    decoder.set(table.subarray(v * E, (v + 1) * E), v * C);
    for (let c = 0; c < C - E; c++) decoder[v * C + E + c] = extension[c * V + v]!;
  }
  return { dtype: "F32", rows: V, cols: C, bytes: new Uint8Array(decoder.buffer) };
}

type HeadLinear = Awaited<ReturnType<typeof loadLinear>>;

/** Names (from the root) of the modules and biases of a head. */
export function namesOf(row: HeadRow): string[] {
  return [row.dense?.name, row.norm?.name, row.out.name, row.out.extension, ...(row.out.bias || [])].filter((name) => name !== undefined);
}

/** The heads of a family: the rows of each kind. */
export type HeadTable = Readonly<Partial<Record<HeadKind, readonly HeadRow[]>>>;
