/**
 * Every case of Python's pipelines: labels, spans, offsets, order equal, scores within 1e-5 (transformers 4.57.6, see the README of the goldens).
 * The golden data are in ../shared; a sample of them that runs anywhere is in fixtures/pipelines.
 */

import { existsSync, readFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { pipeline, type Tasks } from "../../src/tasks/pipeline.ts";
import { needsShared, sharedData } from "../shared.ts";
import { camelCase, expectLike, type GoldenCase, readCases, utf16 } from "./goldens.ts";

const FILES = ["text-classification", "token-classification", "question-answering", "fill-mask", "zero-shot-classification"] as const;
const FILE_NAMES = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"];

/** Families whose tokenizer or encoder may be missing yet: skipped with the message that says so. All others must load. */
const BEING_BUILT = /\/(roberta|deberta)-/;

/** A tiny model as a Map of files: its tokenizer may lie in a folder of its own, and the test may ask for another model_max_length. */
function filesOf(folder: string, modelMaxLength: number | undefined): Map<string, Uint8Array> {
  const golden = JSON.parse(readFileSync(`${folder}/golden.json`, "utf8")) as { tokenizer?: string };
  const pathOf = (name: string) => (existsSync(`${folder}/${name}`) ? `${folder}/${name}` : `${folder}/${golden.tokenizer}/${name}`);
  const names = FILE_NAMES.filter((name) => existsSync(pathOf(name)));
  const files = new Map(names.map((name) => [name, new Uint8Array(readFileSync(pathOf(name)))]));
  if (modelMaxLength === undefined) return files;
  const config = JSON.parse(new TextDecoder().decode(files.get("tokenizer_config.json"))) as Record<string, unknown>;
  return files.set("tokenizer_config.json", new TextEncoder().encode(JSON.stringify({ ...config, model_max_length: modelMaxLength })));
}

type Call = (...args: unknown[]) => Promise<unknown>;

function run(root: string, file: (typeof FILES)[number]) {
  const loaded = new Map<string, Promise<Tasks[keyof Tasks]>>();
  const open = (model: string, maxLength: number | undefined) => {
    const key = `${model} ${maxLength}`;
    if (!loaded.has(key)) loaded.set(key, pipeline(file, filesOf(`${root}/${model}`, maxLength), { device: "reference" }));
    return loaded.get(key)!;
  };
  afterAll(async () => {
    for (const task of loaded.values()) (await task.catch(() => undefined))?.dispose();
  });

  const cases = readCases(`${root}/pipelines/${file}.json`);
  const byModel = new Map<string, [GoldenCase, number][]>();
  for (const [i, golden] of cases.entries()) byModel.set(golden.model, [...(byModel.get(golden.model) ?? []), [golden, i]]);
  for (const [model, ofModel] of byModel) {
    test(`${file} ${model}: ${ofModel.length} cases`, async (context) => {
      const missing = await open(model, undefined).then(
        () => undefined,
        (error: Error) => error,
      );
      if (missing) {
        if (BEING_BUILT.test(model)) context.skip(missing.message);
        throw missing;
      }
      for (const [golden, i] of ofModel) {
        const { model_max_length: maxLength, batch_size: _, truncation: __, ...params } = golden.params;
        const task = (await open(golden.model, maxLength as number | undefined)) as unknown as Call;
        const where = `${file}[${i}]`;
        const { args, read } = CALLS[file](golden, params);
        if (golden.error !== undefined && isAnError(golden.error)) {
          await expect(task(...args), where).rejects.toThrow(/./);
        } else {
          const found = await task(...args);
          if (golden.error === undefined) expectLike(found, read(golden.output), where);
        }
      }
    });
  }
}

/** A text that is too long is an error in Python; here it is cut and reported (the contract's conventions). */
function isAnError(error: string): boolean {
  return !error.startsWith("RuntimeError");
}

interface Converted {
  readonly args: unknown[];
  /** Python's answer with offsets of this library. */
  readonly read: (output: unknown) => unknown;
}

const CALLS: Record<(typeof FILES)[number], (golden: GoldenCase, params: Record<string, unknown>) => Converted> = {
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

needsShared("golden/pipelines")("all goldens of Python's pipelines", () => {
  const root = sharedData("golden") ?? "";
  for (const file of root === "" ? [] : FILES) run(root, file);

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
