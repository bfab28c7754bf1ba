/**
 * The components of BERT's own tokenizer, and of all models that were made with it: BertNormalizer, BertPreTokenizer, WordPiece, and the
 * templates of special tokens.
 */

import { Fields, isId } from "../fields.ts";
import { BertNormalizer } from "./bert-normalizer.ts";
import { BertPreTokenizer } from "./bert-pre-tokenizer.ts";
import type { Kit } from "./kit.ts";
import { bertTemplate, type Template, type TemplatePart } from "./template.ts";
import { Vocabulary } from "./vocabulary.ts";
import { WordPiece } from "./wordpiece.ts";
import { wordPieceDecoder } from "./wordpiece-decoder.ts";

export const bertKit: Kit = {
  normalizers: { BertNormalizer: bertNormalizer },
  preTokenizers: { BertPreTokenizer: () => new BertPreTokenizer() },
  models: { WordPiece: wordPiece },
  postProcessors: {
    BertProcessing: (json) => bertTemplate(namedToken(json, "cls"), namedToken(json, "sep")),
    TemplateProcessing: templateProcessing,
  },
  decoders: {
    WordPiece: (json) => wordPieceDecoder(json.text("prefix"), json.flag("cleanup")),
  },
};

function bertNormalizer(json: Fields): BertNormalizer {
  const lowercase = json.flag("lowercase");
  return new BertNormalizer({
    cleanText: json.flag("clean_text"),
    handleChineseChars: json.flag("handle_chinese_chars"),
    stripAccents: json.flag("strip_accents", lowercase),
    lowercase,
  });
}

function wordPiece(json: Fields, scanned: Vocabulary | undefined): WordPiece {
  return new WordPiece(scanned ?? vocabularyOf(json), {
    unknownToken: json.text("unk_token"),
    continuingPrefix: json.text("continuing_subword_prefix"),
    maxCharacters: json.id("max_input_chars_per_word"),
  });
}

/** model.vocab as an object. */
export function vocabularyOf(model: Fields): Vocabulary {
  const vocab = model.fields("vocab");
  return Vocabulary.from(Object.keys(vocab.values).map((token) => [token, vocab.id(token)] as const));
}

/** ["[CLS]", 101] */
export function namedToken(json: Fields, name: string): readonly [string, number] {
  const [token, id] = json.list(name);
  if (typeof token !== "string" || !isId(id)) throw json.mismatch(name, "[token, id]");
  return [token, id];
}

function templateProcessing(json: Fields): Template {
  const special = json.fields("special_tokens");
  const parts = (name: "single" | "pair"): TemplatePart[] =>
    json.list(name).map((part, i) => templatePart(new Fields(part, `${json.prefix}${name}[${i}]`), special));
  return { single: parts("single"), pair: parts("pair"), trims: [], overflowTypeIds: "sequence" };
}

function templatePart(json: Fields, special: Fields): TemplatePart {
  const kind = Object.keys(json.values)[0] ?? "";
  const part = json.fields(kind);
  const typeId = part.id("type_id");
  const id = part.text("id");
  if (kind === "Sequence" && (id === "A" || id === "B")) return { kind: "sequence", sequence: id === "A" ? 0 : 1, typeId };
  if (kind !== "SpecialToken") throw part.mismatch("id", "a SpecialToken, or Sequence A or B");
  const token = special.fields(id);
  const ids = token.list("ids") as readonly number[];
  const tokens = token.list("tokens") as readonly string[];
  if (!ids.every(isId)) throw token.mismatch("ids", "whole numbers");
  if (!tokens.every((each) => typeof each === "string") || tokens.length !== ids.length)
    throw token.mismatch("tokens", "as many strings as there are ids");
  return { kind: "special", ids, tokens, typeId };
}
