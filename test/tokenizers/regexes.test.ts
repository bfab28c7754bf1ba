/** Regular expressions of Split match what the Rust library's match (fixtures of scripts/oniguruma.py); what JavaScript would read otherwise is refused. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { UnsupportedError } from "../../src/errors.ts";
import { Tokenizer } from "../../src/tokenizers/tokenizer.ts";
import { fixture } from "../shared.ts";

type Case = readonly [pattern: string, text: string, pieces: readonly (readonly [number, number])[]];
const cases = JSON.parse(readFileSync(fixture("tokenizers/regexes.json"), "utf8")) as readonly Case[];

const splitter = (Regex: string): Tokenizer =>
  Tokenizer.fromJSON({
    pre_tokenizer: { type: "Split", pattern: { Regex }, behavior: "Isolated", invert: false },
    model: { type: "WordLevel", vocab: { "<unk>": 0 }, unk_token: "<unk>" },
  });

test.each([...new Set(cases.map(([pattern]) => pattern))])("%s", (pattern) => {
  const tokenizer = splitter(pattern);
  for (const [, text, pieces] of cases.filter((each) => each[0] === pattern)) {
    expect(tokenizer.encode(text, null, { offsets: "codepoint" }).offsets, JSON.stringify(text)).toEqual(pieces);
  }
});

test.each(["a++", "(?>a)", "(?i)a", "(?m:.)", "(?i:a.)", "(?i:a", "[[:alpha:]]", "[a&&b]", "[\\W]", "\\B", "\\R", "\\p{Han}", "("])(
  "%s is refused",
  (pattern) => {
    expect(() => splitter(pattern)).toThrow(UnsupportedError);
    expect(() => splitter(pattern)).toThrow(JSON.stringify(pattern));
  },
);
