/**
 * The components of BERT's own tokenizer, and of all models that were made with it: BertNormalizer, BertPreTokenizer, WordPiece, and the
 * templates of special tokens.
 */

import { check, unexpected } from "../checks.ts";
import { BertNormalizer } from "./bert-normalizer.ts";
import { BertPreTokenizer } from "./bert-pre-tokenizer.ts";
import { asArray, asBoolean, asId, asObject, asString, type JsonObject } from "./json.ts";
import type { Kit } from "./kit.ts";
import { bertTemplate, robertaTemplate, type Template, type TemplatePart } from "./template.ts";
import { Vocabulary } from "./vocabulary.ts";
import { WordPiece } from "./wordpiece.ts";
import { wordPieceDecoder } from "./wordpiece-decoder.ts";

export const bertKit: Kit = {
  normalizers: { BertNormalizer: bertNormalizer },
  preTokenizers: { BertPreTokenizer: () => new BertPreTokenizer() },
  models: { WordPiece: wordPiece },
  postProcessors: {
    BertProcessing: (json) => bertTemplate(namedToken(json.cls, "cls"), namedToken(json.sep, "sep")),
    RobertaProcessing: robertaProcessing,
    TemplateProcessing: templateProcessing,
  },
  decoders: {
    WordPiece: (json) => wordPieceDecoder(asString(json.prefix, "decoder.prefix"), asBoolean(json.cleanup, "decoder.cleanup")),
  },
};

function bertNormalizer(json: JsonObject): BertNormalizer {
  const flag = (name: string): boolean => asBoolean(json[name], `normalizer.${name}`);
  const lowercase = flag("lowercase");
  const stripAccents = json.strip_accents ?? null;
  return new BertNormalizer({
    cleanText: flag("clean_text"),
    handleChineseChars: flag("handle_chinese_chars"),
    stripAccents: stripAccents === null ? lowercase : flag("strip_accents"),
    lowercase,
  });
}

function wordPiece(json: JsonObject, scanned: Vocabulary | undefined): WordPiece {
  return new WordPiece(scanned ?? vocabularyOf(json.vocab), {
    unknownToken: asString(json.unk_token, "model.unk_token"),
    continuingPrefix: asString(json.continuing_subword_prefix, "model.continuing_subword_prefix"),
    maxCharacters: asId(json.max_input_chars_per_word, "model.max_input_chars_per_word"),
  });
}

/** model.vocab as an object. */
export function vocabularyOf(json: unknown): Vocabulary {
  const object = asObject(json, "model.vocab");
  return Vocabulary.from(Object.keys(object).map((token) => [token, asId(object[token], `model.vocab["${token}"]`)] as const));
}

function namedToken(json: unknown, name: string): readonly [string, number] {
  const [token, id] = asArray(json, `post_processor.${name}`);
  return [asString(token, `post_processor.${name}[0]`), asId(id, `post_processor.${name}[1]`)];
}

function robertaProcessing(json: JsonObject): Template {
  const addPrefixSpace = asBoolean(json.add_prefix_space, "post_processor.add_prefix_space");
  const trims = asBoolean(json.trim_offsets, "post_processor.trim_offsets") ? [{ addPrefixSpace }] : [];
  return robertaTemplate(namedToken(json.cls, "cls"), namedToken(json.sep, "sep"), trims);
}

function templateProcessing(json: JsonObject): Template {
  const special = asObject(json.special_tokens, "post_processor.special_tokens");
  const parts = (name: "single" | "pair"): TemplatePart[] =>
    asArray(json[name], `post_processor.${name}`).map((part, i) => templatePart(part, special, `post_processor.${name}[${i}]`));
  return { single: parts("single"), pair: parts("pair"), trims: [], overflowTypeIds: "sequence" };
}

function templatePart(json: unknown, special: JsonObject, what: string): TemplatePart {
  const [kind, body] = Object.entries(asObject(json, what))[0] ?? [];
  const part = asObject(body, `${what}.${kind}`);
  const typeId = asId(part.type_id, `${what}.${kind}.type_id`);
  const id = asString(part.id, `${what}.${kind}.id`);
  if (kind === "Sequence" && (id === "A" || id === "B")) return { kind: "sequence", sequence: id === "A" ? 0 : 1, typeId };
  if (kind !== "SpecialToken") throw unexpected(what, "a SpecialToken or Sequence A or B", json);
  const token = asObject(Object.hasOwn(special, id) ? special[id] : undefined, `post_processor.special_tokens["${id}"]`);
  const ids = asArray(token.ids, `special token "${id}".ids`).map((value) => asId(value, `special token "${id}".ids`));
  const tokens = asArray(token.tokens, `special token "${id}".tokens`).map((value) => asString(value, `special token "${id}".tokens`));
  check(ids.length === tokens.length, `special token "${id}"`, "as many ids as tokens", token);
  return { kind: "special", ids, tokens, typeId };
}
