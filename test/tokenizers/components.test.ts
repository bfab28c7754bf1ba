/**
 * All components in random combinations, on random texts, as the Rust library (tokenizers 0.23.3) answered: test/fixtures/tokenizers/components.jsonl.
 * A line is a tokenizer of this folder with other components ({"type": "Precompiled", "from": "xlmr"} stands for that tokenizer's charsmap) and six texts.
 */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Encoding } from "../../src/tokenizers/tokenizer.ts";
import { Tokenizer } from "../../src/tokenizers/tokenizer.ts";
import { fixture } from "../shared.ts";
import { jsonLines } from "./goldens.ts";

interface Answer {
  i: number[];
  k: string[];
  o: [number, number][];
  w: (number | null)[];
  y: number[];
  q: (number | null)[];
  s: number[];
}
interface Case {
  a: string;
  p: string | null;
  sp: boolean;
  tr: { max_length: number; stride: number; strategy: "longest_first" | "only_first" | "only_second" } | null;
  e?: Answer;
  ov?: Answer[];
  d?: string | null;
  d2?: string;
  err?: string;
}
interface Combination {
  base: string;
  added_tokens: unknown[];
  max_input_chars_per_word: number | null;
  vs: number;
  cases: Case[];
}

const json = (name: string): Record<string, unknown> => JSON.parse(readFileSync(fixture(`tokenizers/${name}/tokenizer.json`), "utf8"));

function charsmapOf(name: string): unknown {
  const { normalizers } = json(name).normalizer as { normalizers: { type: string }[] };
  return normalizers.find(({ type }) => type === "Precompiled");
}

function filledIn(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(filledIn);
  if (typeof value !== "object" || value === null) return value;
  const object = value as Record<string, unknown>;
  if (object.type === "Precompiled") return charsmapOf(object.from as string);
  return Object.fromEntries(Object.entries(object).map(([key, inner]) => [key, filledIn(inner)]));
}

function build({ base, cases: _, vs: __, max_input_chars_per_word, ...components }: Combination): Tokenizer {
  const file = json(base);
  const model = file.model as Record<string, unknown>;
  const limit = max_input_chars_per_word === null ? {} : { max_input_chars_per_word };
  return Tokenizer.fromJSON({ ...file, ...(filledIn(components) as object), model: { ...model, ...limit } });
}

function answer({ ids, tokens, offsets, wordIds, typeIds, sequenceIds, specialTokensMask }: Encoding): Answer {
  return { i: ids, k: tokens, o: offsets, w: wordIds, y: typeIds, q: sequenceIds, s: specialTokensMask };
}

function check(tokenizer: Tokenizer, { a, p, sp, tr, e, ov, d, d2, err }: Case): void {
  const encode = (): Encoding =>
    tokenizer.encode(a, p, {
      addSpecialTokens: sp,
      offsets: "codepoint",
      ...(tr && { truncation: tr.strategy, maxLength: tr.max_length, stride: tr.stride }),
    });
  const what = JSON.stringify([a, p, sp, tr]);
  if (err !== undefined) {
    expect(encode, `${what}: ${err}`).toThrow(expect.objectContaining({ name: "ConfigError" }));
    return;
  }
  const encoding = encode();
  expect(answer(encoding), what).toEqual(e);
  expect(encoding.overflowing.slice(0, 30).map(answer), what).toEqual(ov);
  if (typeof d === "string") {
    expect(tokenizer.decode(encoding.ids), what).toBe(d);
    expect(tokenizer.decode(encoding.ids, { skipSpecialTokens: false }), what).toBe(d2);
  }
}

const combinations = jsonLines<Combination>(fixture("tokenizers/components.jsonl"));

test("there are combinations of six bases", () => {
  expect(new Set(combinations.map(({ base }) => base))).toEqual(new Set(["lower", "cased", "roberta", "xlmr", "albert", "mpnet"]));
});

test.each(combinations.map((combination, i) => [i, combination.base, combination] as const))(
  "combination %i, of %s",
  (_, __, combination) => {
    const tokenizer = build(combination);
    expect(tokenizer.vocabSize).toBe(combination.vs);
    for (const each of combination.cases) check(tokenizer, each);
  },
);
