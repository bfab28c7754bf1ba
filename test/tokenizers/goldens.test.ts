/**
 * Zero mismatches with the Rust library: on the sample in test/fixtures/tokenizers, and on all strings, pairs, windows and decodings of the shared goldens.
 */

import { dirname } from "node:path";
import { expect, test } from "vitest";
import { Tokenizer } from "../../src/tokenizers/tokenizer.ts";
import { fixture, needsShared, sharedData } from "../shared.ts";
import {
  type DecodeCase,
  decodeMismatches,
  jsonLines,
  type PairCase,
  pairMismatches,
  type StringCase,
  stringMismatches,
} from "./goldens.ts";

type Sample = ({ kind: "string" } & StringCase) | ({ kind: "pair" } & PairCase) | ({ kind: "decode" } & DecodeCase);

test.each(["cased", "mpnet", "roberta", "modern", "xlmr", "albert"])("%s: the sample in this repository", async (name) => {
  const tokenizer = await Tokenizer.load(fixture(`tokenizers/${name}`));
  const samples = jsonLines<Sample>(fixture(`tokenizers/${name}/goldens.jsonl`));
  expect(samples.length).toBeGreaterThan(100);
  const found = samples.flatMap((sample) => {
    if (sample.kind === "string") return stringMismatches(tokenizer, sample);
    return sample.kind === "pair" ? pairMismatches(tokenizer, sample) : decodeMismatches(tokenizer, sample);
  });
  expect(found).toEqual([]);
});

const GOLDENS = "golden/tokenizer-goldens";
needsShared(GOLDENS)("all shared goldens", () => {
  /** Where each folder's tokenizer.json is, and how many cases it has: a truncated file must not pass. */
  const index: [name: string, path: string, strings: number, pairs: number][] = [
    ["bert-base-uncased", "models/all-MiniLM-L6-v2/tokenizer.json", 4000, 400],
    ["cased", "golden/tokenizers/cased/tokenizer.json", 900, 120],
    ["roberta", "golden/tokenizers/roberta/tokenizer.json", 900, 120],
    ["modern", "golden/tokenizers/modern/tokenizer.json", 500, 60],
    ["xlmr", "golden/tokenizers/xlmr/tokenizer.json", 900, 120],
    ["albert", "golden/tokenizers/albert/tokenizer.json", 600, 80],
    ["deberta", "golden/tokenizers/deberta/tokenizer.json", 600, 80],
    ["mpnet", "golden/tokenizers/mpnet/tokenizer.json", 300, 60],
  ];
  test.each(index)("%s", async (name, path, strings, pairs) => {
    const tokenizer = await Tokenizer.load(dirname(sharedData(path)!));
    const file = (kind: string): string => sharedData(`${GOLDENS}/${name}/${kind}.jsonl.gz`)!;
    const stringCases = jsonLines<StringCase>(file("strings"));
    const pairCases = jsonLines<PairCase>(file("pairs"));
    expect([stringCases.length, pairCases.length]).toEqual([strings, pairs]);
    expect(stringCases.flatMap((golden) => stringMismatches(tokenizer, golden))).toEqual([]);
    expect(pairCases.flatMap((golden) => pairMismatches(tokenizer, golden))).toEqual([]);
    expect(jsonLines<DecodeCase>(file("decode")).flatMap((golden) => decodeMismatches(tokenizer, golden))).toEqual([]);
  });
});
