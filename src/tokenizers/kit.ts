/**
 * A kit says which components a tokenizer.json may name and how each is made from its JSON. Who needs only BERT's tokenizer passes `bertKit`
 * (bert-kit.ts) and leaves BPE, Unigram and their normalisers out of a bundle; `fullKit` (full-kit.ts) has everything.
 * A component that the kit does not have is an UnsupportedError that names it.
 */

import { UnsupportedError } from "../errors.ts";
import { Fields } from "../fields.ts";
import type { Decoder, Normalizer, PreTokenizer, TokenModel } from "./component.ts";
import type { TokenizerFiles } from "./files.ts";
import type { Template } from "./template.ts";
import type { TokenizerParts } from "./tokenizer-core.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** Makes a component; `kit` is for those that hold other components. */
type Factory<T> = (json: Fields, kit: Kit) => T;
type ModelFactory = (json: Fields, vocabulary: Vocabulary | undefined) => TokenModel;

export interface Kit {
  readonly normalizers: Readonly<Record<string, Factory<Normalizer>>>;
  readonly preTokenizers: Readonly<Record<string, Factory<PreTokenizer>>>;
  /** `vocabulary`: model.vocab where the scanner has read it already. */
  readonly models: Readonly<Record<string, ModelFactory>>;
  readonly postProcessors: Readonly<Record<string, Factory<Template>>>;
  readonly decoders: Readonly<Record<string, Factory<Decoder>>>;
  /** Reads what folders had before there was a tokenizer.json. */
  readonly legacy?: { readonly names: string; readonly read: LegacyReader };
}

/** The files of a folder without tokenizer.json, with the content of its tokenizer_config.json and special_tokens_map.json; undefined where there are none. */
export type LegacyReader = (
  files: TokenizerFiles,
  kit: Kit,
  tokenizerConfig: unknown,
  specialTokensMap: unknown,
  signal?: AbortSignal,
) => Promise<TokenizerParts | undefined>;

/** The component that `json` describes; undefined for null, which tokenizer.json writes for an absent stage. */
export function make<T>(stage: string, factories: Readonly<Record<string, Factory<T>>>, json: unknown, kit: Kit): T | undefined {
  if (json === null || json === undefined) return undefined;
  const fields = new Fields(json, stage);
  return pick(stage, factories, fields.text("type"))(fields, kit);
}

export function pick<F>(stage: string, factories: Readonly<Record<string, F>>, type: string): F {
  const factory = Object.hasOwn(factories, type) ? factories[type] : undefined;
  if (factory === undefined) {
    throw new UnsupportedError(`tokenizer.json: the ${stage} "${type}" is not known here; known are ${Object.keys(factories).join(", ")}.`);
  }
  return factory;
}
