/**
 * The contract of Tokenizer beyond the goldens: units of offsets, lone surrogates, options, fallbacks, what a model file may lack.
 */

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Tokenizer } from "../../src/tokenizers/tokenizer.ts";
import { fixture } from "../shared.ts";
import { addedToken, wordPiece, wordPieceJson } from "./small.ts";

const read = (path: string): Uint8Array => new Uint8Array(readFileSync(fixture(`tokenizers/${path}`)));
const files = (folder: string, names: readonly string[]): Map<string, Uint8Array> =>
  new Map(names.map((name) => [name, read(`${folder}/${name}`)] as const));

describe("WordPiece", () => {
  const tokenizer = wordPiece(["[UNK]", "un", "##aff", "##able", "hello", "##lo", "hel", "!"]);

  test("cuts at the longest known piece, each time", () => {
    const { tokens, ids, wordIds } = tokenizer.encode("Unaffable hello!");
    expect(tokens).toEqual(["un", "##aff", "##able", "hello", "!"]);
    expect(ids).toEqual([1, 2, 3, 4, 7]);
    expect(wordIds).toEqual([0, 0, 0, 1, 2]);
  });
  test("a word with an unknown end is unknown as a whole", () => {
    const { tokens, offsets } = tokenizer.encode("hello unaffablx");
    expect(tokens).toEqual(["hello", "[UNK]"]);
    expect(offsets[1]).toEqual([6, 15]);
  });
  test("offsets cut the caller's string", () => {
    const text = "HÉLLO, un\u00ADaff\u0301able 😀hello";
    for (const [start, end] of tokenizer.encode(text).offsets) expect(end).toBeGreaterThan(start);
    const { offsets, tokens } = tokenizer.encode(text);
    expect(tokens.at(-1)).toBe("[UNK]");
    expect(text.slice(...offsets[0]!)).toBe("HÉLLO");
    expect(text.slice(...offsets.at(-1)!)).toBe("😀hello");
  });
});

test("transformers cleans up decoded text of WordPiece where tokenizer_config.json says so, never of BPE, whose tokens hold the spaces", async () => {
  const config = { clean_up_tokenization_spaces: true };
  expect(Tokenizer.fromJSON(wordPieceJson(["[UNK]"]), config).cleanUpTokenizationSpaces).toBe(true);
  const modern = Tokenizer.fromJSON(JSON.parse(new TextDecoder().decode(read("modern/tokenizer.json"))), config);
  expect(modern.cleanUpTokenizationSpaces).toBe(false);
});

describe("units", () => {
  const tokenizer = wordPiece(["[UNK]", "a", "b"]);
  test("UTF-16 by default, code points when asked for", () => {
    expect(tokenizer.encode("😀 a 😀 b").offsets).toEqual([
      [0, 2],
      [3, 4],
      [5, 7],
      [8, 9],
    ]);
    expect(tokenizer.encode("😀 a 😀 b", null, { offsets: "codepoint" }).offsets).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
      [6, 7],
    ]);
  });
  test("a lone surrogate counts as U+FFFD and keeps its place", async () => {
    const modern = await Tokenizer.load(fixture("tokenizers/roberta"));
    for (const lone of ["\ud83d", "\ude00"]) {
      const found = modern.encode(`a${lone}b`);
      const replaced = modern.encode("a\ufffdb");
      expect(found).toEqual(replaced);
      expect(tokenizer.encode(`a ${lone} b`).offsets).toEqual([
        [0, 1],
        [4, 5],
      ]);
    }
  });
  test("NUL is dropped by BERT's normaliser", () => {
    expect(tokenizer.encode("a\0 b").ids).toEqual([1, 2]);
    expect(tokenizer.encode("a\0 b").offsets).toEqual([
      [0, 1],
      [3, 4],
    ]);
  });
});

describe("options", () => {
  test("batches are single encodings, pairs have both", async () => {
    const tokenizer = await Tokenizer.load(fixture("tokenizers/lower"));
    const [single, pair] = tokenizer.encodeBatch(["one text", ["one text", "another"]]);
    expect(single).toEqual(tokenizer.encode("one text"));
    expect(pair).toEqual(tokenizer.encode("one text", "another"));
    expect(new Set(pair!.sequenceIds)).toEqual(new Set([null, 0, 1]));
  });
  test("truncation without maxLength takes the model's, and does nothing where there is none", async () => {
    const tokenizer = await Tokenizer.load(fixture("tokenizers/lower"));
    expect(tokenizer.modelMaxLength).toBe(64);
    const long = "word ".repeat(200);
    expect(tokenizer.encode(long).ids.length).toBeGreaterThan(200);
    expect(tokenizer.encode(long, null, { truncation: "longest_first" }).ids.length).toBe(64);
    expect(wordPiece(["[UNK]"]).encode(long, null, { truncation: "longest_first" }).ids.length).toBe(200);
  });
  test.each([{ model_max_length: 1e30 }, {}, undefined])("modelMaxLength is Infinity for %j", (config) => {
    expect(Tokenizer.fromJSON(wordPieceJson(["[UNK]"]), config).modelMaxLength).toBe(Number.POSITIVE_INFINITY);
  });
  test("decode leaves out ids that are nobody's", () => {
    const tokenizer = wordPiece(["[UNK]", "a", "##b"]);
    expect(tokenizer.decode([1, 99, 2])).toBe("ab");
    expect([tokenizer.tokenToId("##b"), tokenizer.tokenToId("c"), tokenizer.idToToken(2), tokenizer.idToToken(3)]).toEqual([
      2,
      undefined,
      "##b",
      undefined,
    ]);
    expect(() => tokenizer.tokenToId(["a"] as never)).toThrow(/tokenToId: expected a string, found \["a"\]/);
  });
  test("special tokens are known by their role", async () => {
    const tokenizer = await Tokenizer.load(fixture("tokenizers/roberta"));
    expect(tokenizer.specialTokens).toMatchObject({ cls: { token: "<s>", id: 0 }, mask: { token: "<mask>", id: 704 } });
    expect(tokenizer.continuingSubwordPrefix).toBeUndefined();
    expect((await Tokenizer.load(fixture("tokenizers/lower"))).continuingSubwordPrefix).toBe("##");
  });
});

describe("added tokens", () => {
  const added = [
    addedToken("[MASK]", { special: true, lstrip: true }),
    addedToken("Day", { single_word: true, normalized: true }),
    addedToken("[MASK]S"),
  ];
  const tokenizer = wordPiece(["[UNK]", "a", "day", "##s"], { added_tokens: added });
  test("the longest wins, white space goes along, words are whole", () => {
    expect(tokenizer.encode("a  [MASK] a").tokens).toEqual(["a", "  [MASK]", "a"]);
    expect(tokenizer.encode("a  [MASK] a").offsets[1]).toEqual([1, 9]);
    expect(tokenizer.encode("a [MASK]S").tokens).toEqual(["a", "[MASK]S"]);
    expect(tokenizer.encode("a days DAY").ids).toEqual([1, 2, 3, 5]);
  });
  test("new ones get the ids after the vocabulary, in order", () => {
    expect([tokenizer.vocabSize, tokenizer.tokenToId("[MASK]"), tokenizer.tokenToId("Day"), tokenizer.tokenToId("[MASK]S")]).toEqual([
      7, 4, 5, 6,
    ]);
  });
});

describe("fallback files give what tokenizer.json gives", () => {
  const texts = ["Hello wörld, it's 3.5% [MASK] 中文!", " two  spaces\nand <mask> 😀 ", "ǅ ﬁ İstanbul"];
  test.each([
    ["lower", ["vocab.txt", "tokenizer_config.json"]],
    ["cased", ["vocab.txt", "tokenizer_config.json"]],
    ["lower", ["vocab.txt", "special_tokens_map.json"]],
    ["mpnet", ["vocab.txt", "tokenizer_config.json"]],
    ["roberta", ["vocab.json", "merges.txt", "tokenizer_config.json"]],
    ["roberta", ["vocab.json", "merges.txt", "special_tokens_map.json"]],
  ])("%s from %j", async (name, names) => {
    const full = await Tokenizer.load(fixture(`tokenizers/${name}`));
    const fallback = await Tokenizer.load(files(name, names));
    expect(fallback.vocabSize).toBe(full.vocabSize);
    for (const text of texts) {
      expect(fallback.encode(text, "pair")).toEqual(full.encode(text, "pair"));
      expect(fallback.decode(full.encode(text).ids)).toBe(full.decode(full.encode(text).ids));
    }
  });
});

test("special tokens that are only in added_tokens_decoder are put around texts, too", async () => {
  const [full, fallback] = [
    await Tokenizer.load(fixture("tokenizers/modern")),
    await Tokenizer.load(files("modern", ["vocab.json", "merges.txt", "tokenizer_config.json"])),
  ];
  const { tokens, ids } = fallback.encode("Hello, it's [MASK]!");
  expect([tokens[0], tokens.at(-1)]).toEqual(["[CLS]", "[SEP]"]);
  expect(ids).toEqual(full.encode("Hello, it's [MASK]!").ids);
});

describe("the scanner reads a vocabulary as JSON.parse does", () => {
  test("any tokens, any spacing, any escapes", async () => {
    const tokens = fc.uniqueArray(fc.string({ unit: "binary", maxLength: 12 }), { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(tokens, fc.constantFrom(undefined, 1, "\t"), fc.boolean(), async (words, space, ascii) => {
        const json = wordPieceJson(["[UNK]", ...words.filter((word) => !/[\ud800-\udfff]/u.test(word) && word !== "[UNK]")]);
        const text = JSON.stringify(json, null, space);
        const escaped = ascii ? text.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`) : text;
        const scanned = await Tokenizer.load(new Map([["tokenizer.json", new TextEncoder().encode(escaped)]]));
        const parsed = Tokenizer.fromJSON(JSON.parse(text));
        expect(scanned.vocabSize).toBe(parsed.vocabSize);
        for (let id = 0; id < parsed.vocabSize; id++) {
          const token = parsed.idToToken(id)!;
          expect(scanned.idToToken(id)).toBe(token);
          expect(scanned.tokenToId(token)).toBe(id);
        }
      }),
      { numRuns: 60 },
    );
  });
  test("holes, large ids and a token that comes twice", async () => {
    const text = JSON.stringify(wordPieceJson(["[UNK]"])).replace('{"[UNK]":0}', '{"[UNK]":7,"a":4000000000,"b":3,"a":9}');
    const tokenizer = await Tokenizer.load(new Map([["tokenizer.json", new TextEncoder().encode(text)]]));
    expect([tokenizer.tokenToId("a"), tokenizer.idToToken(9), tokenizer.idToToken(3), tokenizer.idToToken(0), tokenizer.vocabSize]).toEqual(
      [9, "a", "b", undefined, 3],
    );
    expect(tokenizer.encode("a b c").ids).toEqual([9, 3, 7]);
  });
});
