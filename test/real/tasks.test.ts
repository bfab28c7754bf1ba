/**
 * The tasks against Python on all golden data: 506 cases of six pipelines (transformers 4.57.6), and the models in weights/ on real sentences.
 */

import { readFileSync } from "node:fs";
import { describe, expect, test, vi } from "vitest";
import { pipeline } from "../../src/tasks/pipeline.ts";
import { needsShared, sharedData } from "../shared.ts";
import { expectLike, type GoldenCase, readCases } from "../tasks/goldens.ts";
import { FILES, runCases } from "../tasks/pipeline-cases.ts";

vi.spyOn(console, "warn").mockImplementation(() => undefined); // texts that are cut are reported there

interface Features {
  readonly shape: number[];
  readonly first_rows: number[][];
  readonly row_sums: number[];
}

needsShared("golden/pipelines")("all goldens of Python's pipelines", () => {
  const root = sharedData("golden") ?? "";
  if (root === "") return;
  const foldersOf = (model: string) => {
    const folder = `${root}/${model}`;
    const { tokenizer } = JSON.parse(readFileSync(`${folder}/golden.json`, "utf8")) as { tokenizer?: string };
    return tokenizer === undefined ? [folder] : [folder, `${folder}/${tokenizer}`];
  };
  for (const file of FILES) runCases(file, readCases(`${root}/pipelines/${file}.json`), foldersOf, "auto");

  test("feature-extraction: 6 cases", async () => {
    for (const golden of readCases(`${root}/pipelines/feature-extraction.json`) as (GoldenCase & Features)[]) {
      const extract = await pipeline("feature-extraction", `${root}/${golden.model}`);
      const { shape, data } = await extract(golden.inputs as string);
      expect([1, ...shape]).toEqual(golden.shape);
      const C = shape[1]!;
      const rows = Array.from({ length: shape[0]! }, (_, s) => [...data.subarray(s * C, (s + 1) * C)]);
      expectLike(rows.slice(0, 2), golden.first_rows, "first rows");
      const sums = rows.map((row) => row.reduce((sum, value) => sum + value, 0));
      golden.row_sums.forEach((sum, s) => {
        expect(Math.abs(sums[s]! - sum)).toBeLessThan(C * 1e-5);
      });
      extract.dispose();
    }
  });
});

describe("the embedded models", () => {
  test("sentiment", async () => {
    const classify = await pipeline("sentiment-analysis");
    const labels = await classify(["A warm, funny, beautifully acted film.", "A dull, lifeless waste of two hours."]);
    expect(labels.map(({ label }) => label)).toEqual(["POSITIVE", "NEGATIVE"]);
    for (const { score } of labels) expect(score).toBeGreaterThan(0.9);
    classify.dispose();
  });

  test("named entities", async () => {
    const recognise = await pipeline("ner");
    const text = "Angela Merkel met the board of Siemens in Munich.";
    const entities = await recognise(text, { aggregationStrategy: "first" });
    expect(entities.map(({ entity_group, start, end }) => [entity_group, text.slice(start, end)])).toEqual([
      ["PER", "Angela Merkel"],
      ["ORG", "Siemens"],
      ["LOC", "Munich"],
    ]);
    recognise.dispose();
  });

  test("question answering, also in a context of several windows", async () => {
    const ask = await pipeline("question-answering");
    const fact = "Ada Lovelace lives in London with her cat.";
    const context = "The weather was grey and nothing much happened that day. ".repeat(60) + fact;
    const answer = await ask({ question: "Where does Ada Lovelace live?", context });
    expect(answer.answer).toBe("London");
    expect(context.slice(answer.start, answer.end)).toBe("London");
    ask.dispose();
  });

  test("similarity", async () => {
    const compare = await pipeline("sentence-similarity");
    const [near, far] = await compare({
      sourceSentence: "A cat sits on the mat.",
      sentences: ["A kitten rests on a rug.", "Interest rates rose again."],
    });
    expect(near).toBeGreaterThan(0.5);
    expect(far).toBeLessThan(0.2);
    compare.dispose();
  });
});
