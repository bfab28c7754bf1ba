/**
 * BPE, Unigram and WordLevel from `model` of tokenizer.json.
 */

import { check, show } from "../checks.ts";
import { ConfigError, UnsupportedError } from "../errors.ts";
import { vocabularyOf } from "./bert-kit.ts";
import { Bpe } from "./bpe.ts";
import { asArray, asBoolean, asId, asString, type JsonObject } from "./json.ts";
import { PairTable } from "./pair-table.ts";
import { Unigram } from "./unigram.ts";
import type { Vocabulary } from "./vocabulary.ts";
import { WordLevel } from "./word-level.ts";

/** A string, or undefined where the file has null or nothing. */
function optional(json: JsonObject, name: string): string | undefined {
  const value = json[name] ?? undefined;
  return value === undefined ? undefined : asString(value, `model.${name}`);
}

export function bpeModel(json: JsonObject, scanned: Vocabulary | undefined): Bpe {
  const dropout = json.dropout ?? 0;
  if (dropout !== 0) throw new UnsupportedError(`model.dropout is ${show(dropout)}; dropout is for training, it is not supported`);
  const vocabulary = scanned ?? vocabularyOf(json.vocab);
  const continuingPrefix = optional(json, "continuing_subword_prefix") ?? "";
  const flag = (name: string): boolean => asBoolean(json[name] ?? false, `model.${name}`);
  return new Bpe(vocabulary, readMerges(json.merges, vocabulary, continuingPrefix), {
    unknownToken: optional(json, "unk_token"),
    continuingPrefix,
    endOfWordSuffix: optional(json, "end_of_word_suffix") ?? "",
    fuseUnknown: flag("fuse_unk"),
    byteFallback: flag("byte_fallback"),
    ignoreMerges: flag("ignore_merges"),
  });
}

/** Merges as ["a", "b"] (new files) or "a b" (old ones), in order of rank. */
function readMerges(json: unknown, vocabulary: Vocabulary, continuingPrefix: string): PairTable {
  const list = asArray(json, "model.merges").filter((merge) => typeof merge !== "string" || !merge.startsWith("#version"));
  const table = new PairTable(list.length);
  list.forEach((merge, rank) => {
    const parts = typeof merge === "string" ? merge.split(" ") : asArray(merge, `model.merges[${rank}]`);
    check(parts.length === 2, `model.merges[${rank}]`, "two tokens", merge);
    const left = asString(parts[0], `model.merges[${rank}][0]`);
    const right = asString(parts[1], `model.merges[${rank}][1]`);
    const idOf = (token: string): number => {
      const id = vocabulary.get(token);
      if (id === undefined) throw new ConfigError(`model.merges[${rank}]: expected "${token}" in model.vocab, but it is not there.`);
      return id;
    };
    table.set(idOf(left), idOf(right), rank, idOf(left + right.slice(continuingPrefix.length)));
  });
  return table;
}

export function unigramModel(json: JsonObject): Unigram {
  const pieces = asArray(json.vocab, "model.vocab").map((entry, i) => {
    const [piece, score] = asArray(entry, `model.vocab[${i}]`);
    check(typeof score === "number", `model.vocab[${i}]`, "[piece, score]", entry);
    return [asString(piece, `model.vocab[${i}][0]`), score] as const;
  });
  const unknownId = json.unk_id ?? undefined;
  return new Unigram(pieces, {
    unknownId: unknownId === undefined ? undefined : asId(unknownId, "model.unk_id"),
    byteFallback: asBoolean(json.byte_fallback ?? false, "model.byte_fallback"),
  });
}

export function wordLevelModel(json: JsonObject, scanned: Vocabulary | undefined): WordLevel {
  return new WordLevel(scanned ?? vocabularyOf(json.vocab), asString(json.unk_token, "model.unk_token"));
}
