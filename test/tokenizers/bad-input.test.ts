/**
 * What is no tokenizer is refused with a named error that says where the trouble is.
 */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ConfigError } from "../../src/errors.ts";
import { Tokenizer } from "../../src/tokenizers/tokenizer.ts";
import { fixture } from "../shared.ts";
import { addedToken, wordPiece, wordPieceJson } from "./small.ts";

const bpe = (model: Record<string, unknown>): Record<string, unknown> => ({
  model: { type: "BPE", vocab: { a: 0, b: 1, ab: 2 }, merges: [], ...model },
});
const unigram = (model: Record<string, unknown>): Record<string, unknown> => ({
  model: { type: "Unigram", vocab: [["<unk>", 0]], unk_id: 0, ...model },
});
const vocab = { "[UNK]": 0 };

describe("malformed tokenizer.json", () => {
  test.each<[what: string, json: unknown, name: string, message: RegExp]>([
    ["not an object", [], "ConfigError", /tokenizer\.json: expected an object/],
    ["no model", {}, "ConfigError", /model: expected an object, found nothing/],
    ["unknown model", { model: { type: "Magic", vocab } }, "UnsupportedError", /model "Magic"/],
    ["unknown normalizer", wordPieceJson(["[UNK]"], { normalizer: { type: "Rot13" } }), "UnsupportedError", /normalizer "Rot13"/],
    ["a name of Object.prototype", wordPieceJson(["[UNK]"], { normalizer: { type: "toString" } }), "UnsupportedError", /"toString"/],
    [
      "unknown step of a sequence",
      wordPieceJson(["[UNK]"], { pre_tokenizer: { type: "Sequence", pretokenizers: [{ type: "X" }] } }),
      "UnsupportedError",
      /pre_tokenizer "X"/,
    ],
    ["WordPiece without a field", { model: { type: "WordPiece", vocab, unk_token: "[UNK]" } }, "ConfigError", /continuing_subword_prefix/],
    [
      "id that is no number",
      { model: { ...(wordPieceJson([]).model as object), vocab: { a: "0" } } },
      "ConfigError",
      /model.vocab.a: expected a whole number/,
    ],
    ["merges that are no list", bpe({ merges: "a b" }), "ConfigError", /model\.merges: expected a list/],
    ["merge of three", bpe({ merges: ["a b c"] }), "ConfigError", /merges\[0\]: expected two tokens/],
    ["merge of an absent token", bpe({ merges: [["a", "c"]] }), "ConfigError", /expected tokens of model\.vocab, found "c"/],
    ["merge that makes an absent token", bpe({ merges: [["b", "a"]] }), "ConfigError", /expected tokens of model\.vocab, found "ba"/],
    ["no merges", { model: { type: "BPE", vocab } }, "ConfigError", /model\.merges/],
    ["dropout", bpe({ dropout: 0.1 }), "UnsupportedError", /dropout/],
    ["Unigram piece without a score", unigram({ vocab: [["a"]] }), "ConfigError", /vocab\[0\]/],
    ["unk_id outside the vocabulary", unigram({ unk_id: 3 }), "ConfigError", /unk_id below the 1 pieces/],
    [
      "charsmap that is none",
      { ...unigram({}), normalizer: { type: "Precompiled", precompiled_charsmap: "AAAA" } },
      "ConfigError",
      /charsmap/,
    ],
    [
      "charsmap that is no base64",
      { ...unigram({}), normalizer: { type: "Precompiled", precompiled_charsmap: "%" } },
      "ConfigError",
      /base64/,
    ],
    [
      "template with an undeclared token",
      wordPieceJson(["[UNK]"], {
        post_processor: { type: "TemplateProcessing", single: [{ SpecialToken: { id: "X", type_id: 0 } }], pair: [], special_tokens: {} },
      }),
      "ConfigError",
      /special_tokens.X: expected/,
    ],
    [
      "regular expression that JavaScript lacks",
      wordPieceJson(["[UNK]"], { pre_tokenizer: { type: "Split", pattern: { Regex: "a++" }, behavior: "Isolated", invert: false } }),
      "UnsupportedError",
      /a\+\+/,
    ],
    [
      "added token without flags",
      wordPieceJson(["[UNK]"], { added_tokens: [{ id: 1, content: "x" }] }),
      "ConfigError",
      /added_tokens\[0\]/,
    ],
    [
      "added token that normalisation removes",
      wordPieceJson(["[UNK]"], { added_tokens: [addedToken("\u200b", { normalized: true })] }),
      "ConfigError",
      /leaves nothing/,
    ],
  ])("%s", (_, json, name, message) => {
    expect(() => Tokenizer.fromJSON(json)).toThrow(expect.objectContaining({ name, message: expect.stringMatching(message) }));
  });

  const bytes = readFileSync(fixture("tokenizers/lower/tokenizer.json"));
  test("a file that is cut off anywhere is a FormatError", async () => {
    for (let length = 0; length < bytes.length; length += 997) {
      const load = Tokenizer.load(new Map([["tokenizer.json", new Uint8Array(bytes.subarray(0, length))]]));
      await expect(load, `${length} bytes`).rejects.toMatchObject({ name: "FormatError" });
    }
  });
  test.each([
    '{"a" 1}',
    '{"a":}',
    '{"a":-1}',
    '{"a":1.5}',
    '{"a":99999999999}',
    '{"a":1,}',
    '{"a\u0001":1}',
    '{"\\x":1}',
    "{a:1}",
    '{"a":1 "b":2}',
  ])("vocab %s", async (text) => {
    const file = new TextEncoder().encode(`{"model":{"type":"WordPiece","vocab":${text}}}`);
    await expect(Tokenizer.load(new Map([["tokenizer.json", file]]))).rejects.toMatchObject({ name: "FormatError" });
  });
  test("no tokenizer files at all", async () => {
    await expect(Tokenizer.load(new Map([["config.json", new Uint8Array(2)]]))).rejects.toMatchObject({
      name: "ConfigError",
      message: expect.stringContaining("vocab.txt"),
    });
  });
});

describe("impossible calls", () => {
  const tokenizer = wordPiece(["a"]);
  test("an unknown word without an unknown token", () => {
    expect(() => tokenizer.encode("b")).toThrow(expect.objectContaining({ name: "ConfigError" }));
    expect(tokenizer.encode("a").ids).toEqual([0]);
  });
  test.each([
    [{ truncation: "only_second", maxLength: 1 }, /for one text, found "only_second"/],
    [{ truncation: "only_first", maxLength: 0.5 }, /maxLength: expected an integer/],
    [{ truncation: "longest_first", maxLength: 2, stride: 2 }, /stride: expected less than/],
    [{ truncation: "longest_first", maxLength: 2, stride: 3 }, /stride/],
  ] as const)("%j", (options, message) => {
    expect(() => tokenizer.encode("a a a", null, options)).toThrow(
      expect.objectContaining({ name: "ConfigError", message: expect.stringMatching(message) }),
    );
  });
  test("a text that is no string", () => {
    expect(() => tokenizer.encode(["a"] as unknown as string)).toThrow(expect.objectContaining({ name: "ConfigError" }));
  });
});

describe("arguments", () => {
  const tokenizer = Tokenizer.fromJSON({
    model: {
      type: "WordPiece",
      vocab: { "[UNK]": 0, a: 1, b: 2 },
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
    },
    pre_tokenizer: { type: "Whitespace" },
  });
  const call = (run: (tokenizer: Record<string, (...args: unknown[]) => unknown>) => unknown) => () =>
    run(tokenizer as unknown as Record<string, (...args: unknown[]) => unknown>);

  test.each([
    ["a batch that is no list", call((t) => t.encodeBatch!(null)), /encodeBatch: expected a list .* found null/],
    ["null in a batch", call((t) => t.encodeBatch!(["a", null])), /input 1: .* found null/],
    ["three texts for a pair", call((t) => t.encodeBatch!([["a", "b", "a"]])), /input 0: .* found \["a","b","a"\]/],
    ["an unknown truncation", call((t) => t.encode!("a", null, { truncation: true })), /truncation: .* found true/],
    ["an unknown unit of offsets", call((t) => t.encode!("a", null, { offsets: "bytes" })), /offsets: .* found "bytes"/],
    ["ids that are no list", call((t) => t.decode!(null)), /decode: expected a list of ids, found null/],
  ])("%s is a ConfigError", (_name, run, message) => {
    expect(run).toThrow(ConfigError);
    expect(run).toThrow(message);
  });
});
