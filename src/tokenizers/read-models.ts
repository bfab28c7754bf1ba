/**
 * BPE, Unigram and WordLevel from `model` of tokenizer.json.
 */

import { show, unexpected } from "../checks.ts";
import { UnsupportedError } from "../errors.ts";
import type { Fields } from "../fields.ts";
import { vocabularyOf } from "./bert-kit.ts";
import { Bpe } from "./bpe.ts";
import { PairTable } from "./pair-table.ts";
import { Unigram } from "./unigram.ts";
import type { Vocabulary } from "./vocabulary.ts";
import { WordLevel } from "./word-level.ts";

export function bpeModel(json: Fields, scanned: Vocabulary | undefined): Bpe {
  const dropout = json.find("dropout")?.value ?? 0;
  if (dropout !== 0) throw new UnsupportedError(`model.dropout is ${show(dropout)}; dropout is for training, it is not supported`);
  const vocabulary = scanned ?? vocabularyOf(json);
  const continuingPrefix = json.text("continuing_subword_prefix", { fallback: "" });
  return new Bpe(vocabulary, readMerges(json, vocabulary, continuingPrefix), {
    unknownToken: json.find("unk_token") && json.text("unk_token"),
    continuingPrefix,
    endOfWordSuffix: json.text("end_of_word_suffix", { fallback: "" }),
    fuseUnknown: json.flag("fuse_unk", false),
    byteFallback: json.flag("byte_fallback", false),
    ignoreMerges: json.flag("ignore_merges", false),
  });
}

/** Merges as ["a", "b"] (new files) or "a b" (old ones), in order of rank. */
function readMerges(json: Fields, vocabulary: Vocabulary, continuingPrefix: string): PairTable {
  const list = json.list("merges").filter((merge) => typeof merge !== "string" || !merge.startsWith("#version"));
  const table = new PairTable(list.length);
  list.forEach((merge, rank) => {
    const [left, right, ...more]: unknown[] = typeof merge === "string" ? merge.split(" ") : Array.isArray(merge) ? merge : [];
    if (typeof left !== "string" || typeof right !== "string" || more.length > 0)
      throw unexpected(`model.merges[${rank}]`, "two tokens", merge);
    const idOf = (token: string): number => {
      const id = vocabulary.get(token);
      if (id === undefined) throw unexpected(`model.merges[${rank}]`, "tokens of model.vocab", token);
      return id;
    };
    table.set(idOf(left), idOf(right), rank, idOf(left + right.slice(continuingPrefix.length)));
  });
  return table;
}

export function unigramModel(json: Fields): Unigram {
  const pieces = json.list("vocab").map((entry, i) => {
    const [piece, score]: unknown[] = Array.isArray(entry) ? entry : [];
    if (typeof piece !== "string" || typeof score !== "number") throw unexpected(`model.vocab[${i}]`, "[piece, score]", entry);
    return [piece, score] as const;
  });
  return new Unigram(pieces, {
    unknownId: json.find("unk_id") && json.id("unk_id"),
    byteFallback: json.flag("byte_fallback", false),
  });
}

export function wordLevelModel(json: Fields, scanned: Vocabulary | undefined): WordLevel {
  return new WordLevel(scanned ?? vocabularyOf(json), json.text("unk_token"));
}
