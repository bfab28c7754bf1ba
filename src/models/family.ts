/**
 * What a family of encoders is, as data, and how config.json chooses one of a list of families: model_type names the family, `architectures` the head.
 * The list is a parameter, so that a bundle holds the families it wants (families.ts has all of them, bert-family.ts BERT alone).
 */

import { checkString } from "../checks.ts";
import { ConfigError } from "../errors.ts";
import type { Weights } from "../layers/weights.ts";
import type { Activation } from "../tensor/activations.ts";
import type { Config } from "./config.ts";
import type { Encoder } from "./encoder.ts";
import { type HeadKind, type HeadRow, type HeadTable, namesOf } from "./heads.ts";

export interface Family {
  /** config.json's model_type. */
  readonly modelType: string;
  /** What class names start with: "Bert" in "BertForMaskedLM". */
  readonly className: string;
  /** Where the encoder sits in checkpoints with heads ("bert.encoder..."), with older spellings after today's; a bare encoder has no prefix. */
  readonly prefix: string | readonly string[];
  /** A tensor every encoder of the family has, relative to the encoder: tells which prefix a file uses. */
  readonly landmark: string;
  readonly load: (weights: Weights, config: Config) => Promise<Encoder>;
  readonly heads: HeadTable | ((config: Config) => HeadTable);
  /** The pooler's dense layer, relative to the encoder. Present or not in a checkpoint of a bare encoder. */
  readonly pooler?: { readonly name: string; readonly activation?: Activation };
  /** Heads whose classes are built without the pooler (add_pooling_layer=False). */
  readonly withoutPooler?: readonly HeadKind[];
  /** Modules and tensors, relative to the encoder, that files may have although nothing reads them: buffers that older versions saved, tables without a use. */
  readonly unused: readonly string[];
  /** Modules, from the root, of heads that have no row. */
  readonly otherHeads?: readonly string[];
}

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
 * @param families in the order in which a class name without model_type is looked up
 * @param wanted overrides config.json's `architectures`; "Model" alone means the bare encoder of whatever family it is
 * @throws ConfigError naming what is supported
 */
export function findArchitecture(families: readonly Family[], config: Config, wanted?: string): Architecture {
  if (wanted !== undefined) checkString(wanted, "architecture");
  const modelType = config.find("model_type")?.value;
  const listed = config.list("architectures", { fallback: [] })[0];
  const name = wanted ?? (typeof listed === "string" ? listed : "Model");
  const candidates = families.filter((family) => modelType === undefined || family.modelType === modelType);
  if (modelType !== undefined && candidates.length === 0) {
    throw new ConfigError(
      `config.json of ${config.label}: model_type "${modelType}" is not supported; supported are ${families.map((family) => family.modelType).join(", ")}`,
    );
  }
  for (const family of candidates) {
    const kind = name.startsWith(family.className) ? name.slice(family.className.length) : name;
    if (isBare(name) && modelType === undefined) continue;
    const table = headsOf(family, config);
    const heads = Object.hasOwn(table, kind) ? table[kind as HeadKind] : undefined;
    if (heads) return { name: `${family.className}${kind}`, family, kind: kind as HeadKind, heads };
  }
  const supported = candidates.flatMap((family) => Object.keys(headsOf(family, config)).map((kind) => family.className + kind));
  throw new ConfigError(
    `config.json of ${config.label}: the architecture "${name}" with${modelType ? ` model_type "${modelType}"` : "out model_type"} is not supported; supported are ${supported.join(", ")}`,
  );
}

/** True for "Model" or "ForMaskedLM" without a family in front: such a name needs model_type to tell the family. */
function isBare(name: string): boolean {
  return name === "Model" || name.startsWith("For");
}

/** Says of a tensor that nothing used whether it belongs to another head, a pooler or a buffer of the family. */
export function isKnownSurplus(family: Family, config: Config, prefix: string): (name: string) => boolean {
  const inEncoder = (name: string) => (prefix === "" ? name : `${prefix}.${name}`);
  const modules = Object.values(headsOf(family, config)).flatMap((rows) => rows.flatMap(namesOf));
  modules.push(...family.unused.map(inEncoder), ...(family.otherHeads ?? []));
  if (family.pooler) modules.push(inEncoder(family.pooler.name));
  return (name) => modules.some((module) => name === module || name.startsWith(`${module}.`));
}
