/**
 * Python's pipelines case by case: labels, spans, offsets, order equal, scores within 1e-5 (transformers 4.57.6).
 * A sample of the goldens is in fixtures/pipelines and runs anywhere; all of them where ../shared/data is.
 */

import { existsSync, readFileSync } from "node:fs";
import { afterAll, describe, expect, test, vi } from "vitest";
import { pipeline, type Tasks } from "../../src/tasks/pipeline.ts";
import { fixture, needsShared, sharedData } from "../shared.ts";
import { camelCase, expectLike, type GoldenCase, readCases, utf16 } from "./goldens.ts";

const FILES = ["text-classification", "token-classification", "question-answering", "fill-mask", "zero-shot-classification"] as const;
type TaskFile = (typeof FILES)[number];
const FILE_NAMES = [
  "config.json",
  "model.safetensors",
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "vocab.txt",
  "spm.model",
];
type Call = (...args: unknown[]) => Promise<unknown>;

vi.spyOn(console, "warn").mockImplementation(() => undefined); // texts that are cut are reported there; see bad-input.test.ts

describe("a sample of the goldens", () => {
  for (const file of FILES) {
    runCases(file, readCases(fixture(`pipelines/cases/${file}.json`)), (model) => [
      fixture(model),
      fixture(model.replace("tiny/", "pipelines/")),
    ]);
  }
});

needsShared("golden/pipelines")("all goldens", () => {
  const root = sharedData("golden") ?? "";
  if (root === "") return;
  for (const file of FILES) {
    runCases(file, readCases(`${root}/pipelines/${file}.json`), (model) => {
      const folder = `${root}/${model}`;
      const { tokenizer } = JSON.parse(readFileSync(`${folder}/golden.json`, "utf8")) as { tokenizer?: string };
      return tokenizer === undefined ? [folder] : [folder, `${folder}/${tokenizer}`];
    });
  }

  test("feature-extraction: 6 cases", async () => {
    for (const golden of readCases(`${root}/pipelines/feature-extraction.json`) as (GoldenCase & Features)[]) {
      const extract = await pipeline("feature-extraction", `${root}/${golden.model}`, { device: "reference" });
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

interface Features {
  readonly shape: number[];
  readonly first_rows: number[][];
  readonly row_sums: number[];
}

/** One test a model. @param foldersOf where a model's files lie: its own folder, then its tokenizer's */
function runCases(file: TaskFile, cases: readonly GoldenCase[], foldersOf: (model: string) => readonly string[]): void {
  const loaded = new Map<string, Promise<Tasks[keyof Tasks]>>();
  const open = (model: string, maxLength?: number) => {
    const key = `${model} ${maxLength}`;
    if (!loaded.has(key)) loaded.set(key, pipeline(file, filesOf(foldersOf(model), maxLength), { device: "reference" }));
    return loaded.get(key)! as unknown as Promise<Call>;
  };
  afterAll(async () => {
    for (const task of loaded.values()) (await task.catch(() => undefined))?.dispose();
  });

  for (const model of new Set(cases.map((each) => each.model))) {
    const ofModel = [...cases.entries()].filter(([, each]) => each.model === model);
    test(`${file} ${model}: ${ofModel.length} cases`, async () => {
      for (const [i, golden] of ofModel) {
        const { model_max_length: maxLength, batch_size: _batch, truncation: _truncation, ...params } = golden.params;
        const task = await open(model, maxLength as number | undefined);
        const { args, read } = CALLS[file](golden, params);
        if (golden.error === undefined) expectLike(await task(...args), read(golden.output), `${file}[${i}]`);
        // A text that is too long is an error in Python; here it is cut and reported (the contract's conventions).
        else if (golden.error.startsWith("RuntimeError")) await task(...args);
        else await expect(task(...args), `${file}[${i}]`).rejects.toThrow(/./);
      }
    });
  }
}

/** The files of a model as a Map; the test may ask for another model_max_length. */
function filesOf(folders: readonly string[], modelMaxLength: number | undefined): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const name of FILE_NAMES) {
    const folder = folders.find((each) => existsSync(`${each}/${name}`));
    if (folder !== undefined) files.set(name, new Uint8Array(readFileSync(`${folder}/${name}`)));
  }
  if (modelMaxLength === undefined) return files;
  const config = JSON.parse(new TextDecoder().decode(files.get("tokenizer_config.json"))) as object;
  return files.set("tokenizer_config.json", new TextEncoder().encode(JSON.stringify({ ...config, model_max_length: modelMaxLength })));
}

interface Converted {
  readonly args: unknown[];
  /** Python's answer with offsets of this library. */
  readonly read: (output: unknown) => unknown;
}

const CALLS: Record<TaskFile, (golden: GoldenCase, params: Record<string, unknown>) => Converted> = {
  "text-classification": ({ inputs }, params) => {
    const pairs = (inputs as { pairs?: [string, string][] }).pairs;
    return { args: [pairs ? pairs.map(([text, textPair]) => ({ text, textPair })) : inputs, camelCase(params)], read: (output) => output };
  },
  "token-classification": ({ inputs }, params) => ({
    args: [inputs, camelCase(params)],
    read: (output) =>
      typeof inputs === "string"
        ? withUtf16(output, inputs)
        : (output as unknown[]).map((list, i) => withUtf16(list, (inputs as string[])[i]!)),
  }),
  "question-answering": ({ inputs }, params) => {
    const { question, context } = inputs as { question: string | string[]; context: string | string[] };
    if (!Array.isArray(question)) return { args: [inputs, camelCase(params)], read: (output) => withUtf16(output, context as string) };
    const list = question.map((each, i) => ({ question: each, context: context[i]! }));
    return {
      args: [list, camelCase(params)],
      read: (output) => (output as unknown[]).map((answers, i) => withUtf16(answers, context[i]!)),
    };
  },
  // In Python a list of one text gives what the text alone gives; here a list gives a list.
  "fill-mask": ({ inputs }, params) => ({
    args: [inputs, camelCase(params)],
    read: (output) => (Array.isArray(inputs) && inputs.length === 1 ? [output] : output),
  }),
  "zero-shot-classification": ({ inputs }, { candidate_labels: labels, ...params }) => ({
    args: [(inputs as { text: unknown }).text, labels, camelCase(params)],
    read: (output) => output,
  }),
};

function withUtf16(output: unknown, text: string): unknown {
  if (Array.isArray(output)) return output.map((item) => withUtf16(item, text));
  const { start, end } = output as { start: number; end: number };
  return { ...(output as object), start: utf16(text, start), end: utf16(text, end) };
}
