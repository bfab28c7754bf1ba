/**
 * Every Unicode scalar value through every tokenizer, against the Rust library:
 *   sweep.jsonl.gz             the ids of "a" + character + "b": a hash per block of 256, and runs of equal ids to find a mismatch with
 *   normalizer-sweep.jsonl.gz  what BERT's normaliser and pre-tokenizer make of it, also where the vocabulary has only [UNK]
 */

import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { AlignedText } from "../../src/tokenizers/aligned-text.ts";
import { BertNormalizer } from "../../src/tokenizers/bert-normalizer.ts";
import { BertPreTokenizer } from "../../src/tokenizers/bert-pre-tokenizer.ts";
import { Tokenizer } from "../../src/tokenizers/tokenizer.ts";
import { needsShared, sharedData } from "../shared.ts";
import { jsonLines } from "../tokenizers/goldens.ts";

const GOLDENS = "golden/tokenizer-goldens";
const isScalar = (code: number): boolean => code < 0xd800 || code > 0xdfff;

needsShared(GOLDENS)("all scalar values: ids", () => {
  const folders: [name: string, path: string][] = [["bert-base-uncased", "models/all-MiniLM-L6-v2/tokenizer.json"]];
  for (const name of ["cased", "mpnet", "roberta", "modern", "xlmr", "albert", "deberta"])
    folders.push([name, `golden/tokenizers/${name}/tokenizer.json`]);
  test.each(folders)("%s", { timeout: 600_000 }, async (name, path) => {
    const tokenizer = await Tokenizer.load(dirname(sharedData(path)!));
    const lines = jsonLines<{ blocks?: [block: number, hash: string][] }>(sharedData(`${GOLDENS}/${name}/sweep.jsonl.gz`)!);
    const { blocks } = lines[1]!;
    expect(blocks!.length).toBe(0x110000 / 256 - 8); // all but the eight blocks of surrogates
    const wrong = blocks!.filter(([block, expected]) => {
      const hash = createHash("sha256");
      for (let code = block * 256; code < block * 256 + 256; code++) {
        const { ids } = tokenizer.encode(`a${String.fromCodePoint(code)}b`, null, { addSpecialTokens: false });
        hash.update(Buffer.from(Uint32Array.of(ids.length, ...ids).buffer));
      }
      return hash.digest("hex").slice(0, 12) !== expected;
    });
    expect(wrong.map(([block]) => `U+${(block * 256).toString(16)}..`)).toEqual([]);
  });
});

type Run = [first: number, last: number, middle: string, pieces: "joined" | "space" | "split"];

needsShared(GOLDENS)("all scalar values: BERT's normaliser and pre-tokenizer", () => {
  test.each([
    ["bert-base-uncased", true],
    ["cased", false],
  ])("%s", { timeout: 600_000 }, (name, lowercase) => {
    const normalizer = new BertNormalizer({ cleanText: true, handleChineseChars: true, stripAccents: lowercase, lowercase });
    const preTokenizer = new BertPreTokenizer();
    const runs = jsonLines<Run | Run[] | object>(sharedData(`${GOLDENS}/${name}/normalizer-sweep.jsonl.gz`)!).filter(Array.isArray);
    const wrong: string[] = [];
    let count = 0;
    for (const [first, last, middle, pieces] of runs.flatMap((run) => (Array.isArray(run[0]) ? (run as Run[]) : [run as Run]))) {
      for (let code = first; code <= last; code++) {
        if (!isScalar(code)) continue;
        count++;
        const character = String.fromCodePoint(code);
        // "=" says unchanged, but for U+2260, which without its stroke is one.
        const between = middle === "=" && !(lowercase && code === 0x2260) ? character : middle === "cjk" ? ` ${character} ` : middle;
        const whole = middle.startsWith("!") && middle.length > 1 ? middle.slice(1) : `a${between}b`;
        const text = normalizer.normalize(`a${character}b`, 0, character.length + 2);
        const { bounds } = preTokenizer.split({ text, bounds: [0, text.length] });
        const found = bounds.length === 2 ? "joined" : bounds.length === 4 ? "space" : "split";
        if (text.slice() !== whole || found !== pieces)
          wrong.push(`U+${code.toString(16)}: ${JSON.stringify(text.slice())} ${found}, expected ${JSON.stringify(whole)} ${pieces}`);
      }
    }
    expect(wrong.slice(0, 20)).toEqual([]);
    expect(count).toBe(0x110000 - 2048);
  });
});

test("the aligned text of a string is the string", () => {
  expect(AlignedText.of("a😀\ud800b").slice()).toBe("a😀\ufffdb");
});
