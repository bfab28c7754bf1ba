/**
 * The published test cases of the BERT family's tokenizers (ids and decoded text as transformers gives them, which cleans up spaces on top of what
 * the tokenizer decodes), for the vocabularies that are at hand; bert-base-uncased also from a vocab.txt whose lines end in CR LF.
 */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Tokenizer } from "../../src/tokenizers/tokenizer.ts";
import { needsShared, sharedData } from "../shared.ts";

interface Case {
  text: string;
  text_pair?: string;
  tokens: string[];
  ids: number[];
  decoded: string;
}

const bytes = (path: string): Uint8Array => new Uint8Array(readFileSync(sharedData(path)!));

needsShared("tokenizer/bert-golden.json")("bert-golden.json", () => {
  test.each([
    ["bert", "Xenova/bert-base-uncased", "tokenizer.json", "models/all-MiniLM-L6-v2/tokenizer.json", 30],
    ["bert", "Xenova/bert-base-uncased", "vocab.txt", "tokenizer/vocab-crlf.txt", 30],
    [
      "distilbert",
      "Xenova/distilbert-base-uncased-finetuned-sst-2-english",
      "tokenizer.json",
      "models/all-MiniLM-L6-v2/tokenizer.json",
      12,
    ],
    ["bert", "Xenova/bert-base-multilingual-uncased-sentiment", "tokenizer.json", "tokenizer/mbert-uncased/tokenizer.json", 3],
  ])("%s %s from %s", async (family, name, file, path, count) => {
    const golden = JSON.parse(readFileSync(sharedData("tokenizer/bert-golden.json")!, "utf8")) as Record<
      string,
      Record<string, Record<string, Case>>
    >;
    const cases = Object.values(golden[family]![name]!);
    expect(cases.length).toBe(count);
    const tokenizer = await Tokenizer.load(new Map([[file, bytes(path)]]));
    for (const { text, text_pair, tokens, ids, decoded } of cases) {
      const encoding = tokenizer.encode(text, text_pair);
      expect(encoding.ids, text).toEqual(ids);
      expect(tokenizer.encode(text, text_pair, { addSpecialTokens: false }).tokens, text).toEqual(tokens);
      expect(tokenizer.decode(ids, { skipSpecialTokens: false, cleanUpTokenizationSpaces: true }), text).toBe(decoded);
    }
  });
});
