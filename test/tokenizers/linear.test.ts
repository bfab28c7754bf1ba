/**
 * Hostile text costs no more per character than any other: counted in steps of the algorithms, not in time. From 20,000 to 200,000 characters
 * the steps grow tenfold; a few per cent are left for what does not depend on the length.
 */

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AlignedText } from "../../src/tokenizers/aligned-text.ts";
import type { Bpe } from "../../src/tokenizers/bpe.ts";
import { mergeByRank, mergeByScanning } from "../../src/tokenizers/bpe-merge.ts";
import { byteLevelText } from "../../src/tokenizers/byte-level.ts";
import { fullKit } from "../../src/tokenizers/full-kit.ts";
import { PairTable } from "../../src/tokenizers/pair-table.ts";
import { Pieces } from "../../src/tokenizers/pieces.ts";
import { readTokenizerJson } from "../../src/tokenizers/read-json.ts";
import { Tokenizer } from "../../src/tokenizers/tokenizer.ts";
import type { Unigram } from "../../src/tokenizers/unigram.ts";
import type { WordPiece } from "../../src/tokenizers/wordpiece.ts";
import { fixture } from "../shared.ts";

const model = (name: string): unknown =>
  readTokenizerJson(JSON.parse(readFileSync(fixture(`tokenizers/${name}/tokenizer.json`), "utf8")), fullKit).model;
const hostile: readonly (readonly [name: string, pattern: string])[] = [
  ["one character", "a"],
  ["no space", "thequickbrownfoxjumpsoverthelazydog"],
  ["combining marks", "\u0301\u0323\u0344"],
  ["spaces", " "],
  ["unknown characters", "𝔘𒀀"],
];
const repeated = (pattern: string, length: number): string => pattern.repeat(Math.ceil(length / pattern.length)).slice(0, length);

function stepsOf(counted: { steps: number; tokenize: Unigram["tokenize"] }, text: AlignedText): number {
  const before = counted.steps;
  counted.tokenize(text, 0, text.length, 0, new Pieces());
  return counted.steps - before;
}

describe.each(hostile)("a word of %s", (_, pattern) => {
  const growth = (counted: { steps: number; tokenize: Unigram["tokenize"] }, prepare: (text: AlignedText) => AlignedText): void => {
    const short = stepsOf(counted, prepare(AlignedText.of(repeated(pattern, 20_000))));
    const long = stepsOf(counted, prepare(AlignedText.of(repeated(pattern, 200_000))));
    expect(long).toBeLessThanOrEqual(short * 10.5 + 1000);
  };
  test("Unigram", () => growth(model("xlmr") as Unigram, (text) => text));
  test("byte-level BPE", () => growth(model("roberta") as Bpe, byteLevelText));
  test("WordPiece: at most the longest piece's length a character", () => {
    const counted = model("lower") as WordPiece;
    expect(stepsOf(counted, AlignedText.of(repeated(pattern, 1_000_000)))).toBe(0); // longer than any word may be
    const text = AlignedText.of(repeated(pattern, 100));
    expect(stepsOf(counted, text)).toBeLessThanOrEqual(100 * 2 * 20);
  });
});

test.each(["lower", "roberta", "xlmr", "albert"])("%s encodes 200,000 characters of each", async (name) => {
  const tokenizer = await Tokenizer.load(fixture(`tokenizers/${name}`));
  for (const [, pattern] of hostile) {
    const { offsets } = tokenizer.encode(repeated(pattern, 200_000), null, { addSpecialTokens: false });
    if (offsets.length > 0) expect(offsets.at(-1)![1]).toBeLessThanOrEqual(200_000);
  }
});

test("both ways of merging give the same tokens", () => {
  // Symbols 0..3, merges chosen at random: a pair makes a new symbol, which can be part of later pairs.
  const merges = fc.uniqueArray(fc.tuple(fc.nat(7), fc.nat(7)), { maxLength: 12, selector: ([left, right]) => left * 8 + right });
  fc.assert(
    fc.property(merges, fc.array(fc.nat(3), { maxLength: 80 }), (pairs, word) => {
      const table = new PairTable(pairs.length);
      for (const [rank, [left, right]] of pairs.entries()) table.set(left, right, rank, 4 + rank);
      const symbols = () => ({ ids: [...word], sizes: word.map(() => 1), inUnits: true });
      const scanned = symbols();
      const ranked = symbols();
      mergeByScanning(scanned, table);
      mergeByRank(ranked, table);
      expect(ranked).toEqual(scanned);
      expect(ranked.sizes.reduce((sum, size) => sum + size, 0)).toBe(word.length);
    }),
    { numRuns: 500 },
  );
});
