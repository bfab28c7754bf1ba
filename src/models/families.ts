/**
 * The families: config.json's model_type -> encoder, pooler, heads, and where their tensors are. One row each.
 *
 * Adding a family: a row here; a row of bert-dialects.ts if its mathematics are BERT's, else a file that implements Encoder.
 */

import { ConfigError } from "../errors.ts";
import type { Weights } from "../layers/weights.ts";
import type { Activation } from "../tensor/activations.ts";
import { BertEncoder } from "./bert.ts";
import { ALBERT, BERT, DISTILBERT, ELECTRA, ROBERTA } from "./bert-dialects.ts";
import type { Config } from "./config.ts";
import { loadDeberta } from "./deberta.ts";
import type { Encoder } from "./encoder.ts";
import {
  ALBERT_HEADS,
  BERT_HEADS,
  DEBERTA_HEADS,
  DISTILBERT_HEADS,
  ELECTRA_HEADS,
  GTE_HEADS,
  MOBILEBERT_HEADS,
  modernBertHeads,
  NOMIC_BERT_HEADS,
  ROBERTA_HEADS,
} from "./head-tables.ts";
import { type HeadKind, type HeadRow, type HeadTable, namesOf } from "./heads.ts";
import { MobileBertEncoder } from "./mobilebert.ts";
import { ModernBertEncoder } from "./modernbert.ts";
import { MPNET } from "./mpnet.ts";
import { GTE, NOMIC_BERT, RotaryBertEncoder } from "./rotary-bert.ts";

export interface Family {
  /** config.json's model_type. */
  readonly modelType: string;
  /** What class names start with: "Bert" in "BertForMaskedLM". */
  readonly className: string;
  /** Where the encoder sits in checkpoints with heads ("bert.encoder..."); a bare encoder has no prefix. */
  readonly prefix: string;
  /** A tensor every encoder of the family has, relative to the encoder: tells which prefix a file uses. */
  readonly landmark: string;
  readonly load: (weights: Weights, config: Config) => Promise<Encoder>;
  readonly heads: HeadTable | ((config: Config) => HeadTable);
  /** The pooler's dense layer, relative to the encoder. Present or not in a checkpoint of a bare encoder. */
  readonly pooler?: { readonly name: string; readonly activation?: Activation };
  /** Heads whose classes are built without the pooler (add_pooling_layer=False). */
  readonly withoutPooler?: readonly HeadKind[];
  /** Tensors, relative to the encoder, that older versions saved although they are no weights. */
  readonly buffers: readonly string[];
}

const WORDS = "embeddings.word_embeddings.weight";
const BUFFERS = ["embeddings.position_ids", "embeddings.token_type_ids"];
const TOKEN_HEADS: readonly HeadKind[] = ["ForTokenClassification", "ForQuestionAnswering", "ForMaskedLM"];

const BERT_FAMILY: Family = {
  modelType: "bert",
  className: "Bert",
  prefix: "bert",
  landmark: WORDS,
  load: (weights, config) => BertEncoder.load(weights, config, BERT),
  heads: BERT_HEADS,
  pooler: { name: "pooler.dense" },
  withoutPooler: TOKEN_HEADS,
  buffers: BUFFERS,
};

const ROBERTA_FAMILY: Family = {
  ...BERT_FAMILY,
  modelType: "roberta",
  className: "Roberta",
  prefix: "roberta",
  load: (weights, config) => BertEncoder.load(weights, config, ROBERTA),
  heads: ROBERTA_HEADS,
  withoutPooler: [...TOKEN_HEADS, "ForSequenceClassification"],
};

/** GTE's checkpoints were published under model_type "new" before transformers took the family in as "gte". */
const GTE_FAMILY: Family = {
  modelType: "gte",
  className: "Gte",
  prefix: "new",
  landmark: WORDS,
  load: (weights, config) => RotaryBertEncoder.load(weights, config, GTE),
  heads: GTE_HEADS,
  pooler: { name: "pooler.dense" },
  withoutPooler: TOKEN_HEADS,
  buffers: BUFFERS,
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
    buffers: BUFFERS,
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
    buffers: BUFFERS,
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
    heads: DEBERTA_HEADS,
    buffers: BUFFERS,
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
    buffers: [],
  },
  {
    modelType: "nomic_bert",
    className: "NomicBert",
    prefix: "nomic_bert",
    landmark: WORDS,
    load: (weights, config) => RotaryBertEncoder.load(weights, config, NOMIC_BERT),
    heads: NOMIC_BERT_HEADS,
    pooler: { name: "pooler.dense" },
    withoutPooler: TOKEN_HEADS,
    buffers: BUFFERS,
  },
  GTE_FAMILY,
  { ...GTE_FAMILY, modelType: "new", className: "New" },
];

function headsOf({ heads }: Family, config: Config): HeadTable {
  return typeof heads === "function" ? heads(config) : heads;
}

/** What config.json (or the caller) asks for: a family, one of its heads, and the class name for both. */
export interface Architecture {
  readonly name: string;
  readonly family: Family;
  readonly kind: HeadKind;
  readonly heads: readonly HeadRow[];
}

/**
 * @param wanted overrides config.json's `architectures`; "Model" alone means the bare encoder of whatever family it is
 * @throws ConfigError naming what is supported
 */
export function architectureOf(config: Config, wanted?: string): Architecture {
  const modelType = config.find("model_type")?.value;
  const listed = config.list("architectures", { fallback: [] })[0];
  const name = wanted ?? (typeof listed === "string" ? listed : "Model");
  const families = FAMILIES.filter((family) => modelType === undefined || family.modelType === modelType);
  if (modelType !== undefined && families.length === 0) {
    throw new ConfigError(
      `config.json of ${config.label}: model_type "${modelType}" is not supported; supported are ${FAMILIES.map((family) => family.modelType).join(", ")}`,
    );
  }
  for (const family of families) {
    const kind = name.startsWith(family.className) ? name.slice(family.className.length) : name;
    if (isBare(name) && modelType === undefined) continue;
    const table = headsOf(family, config);
    const heads = Object.hasOwn(table, kind) ? table[kind as HeadKind] : undefined;
    if (heads) return { name: `${family.className}${kind}`, family, kind: kind as HeadKind, heads };
  }
  const supported = families.flatMap((family) => Object.keys(headsOf(family, config)).map((kind) => family.className + kind));
  throw new ConfigError(
    `config.json of ${config.label}: the architecture "${name}"${modelType ? ` with model_type "${modelType}"` : ""} is not supported; supported are ${supported.join(", ")}`,
  );
}

/** True for "Model" or "ForMaskedLM" without a family in front: such a name needs model_type to tell the family. */
function isBare(name: string): boolean {
  return name === "Model" || name.startsWith("For");
}

/** Says of a tensor that nothing used whether it belongs to another head, a pooler or a buffer of the family. */
export function isKnownSurplus(family: Family, config: Config, prefix: string): (name: string) => boolean {
  const inEncoder = (name: string) => (prefix === "" ? name : `${prefix}.${name}`);
  const exact = new Set(family.buffers.map(inEncoder));
  const modules = Object.values(headsOf(family, config)).flatMap((rows) => rows.flatMap(namesOf));
  if (family.pooler) modules.push(inEncoder(family.pooler.name));
  return (name) => exact.has(name) || modules.some((module) => name === module || name.startsWith(`${module}.`));
}
