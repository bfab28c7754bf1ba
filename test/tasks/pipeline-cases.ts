/**
 * Python's pipelines case by case: labels, spans, offsets, order equal, scores within 1e-5 (transformers 4.57.6).
 * The cases and models may lie in the fixtures or in the shared data.
 */

import { afterAll, expect, test } from "vitest";
import { pipeline, type Tasks } from "../../src/tasks/pipeline.ts";
import { camelCase, expectLike, filesOf, type GoldenCase, utf16 } from "./goldens.ts";

export const FILES = [
  "text-classification",
  "token-classification",
  "question-answering",
  "fill-mask",
  "zero-shot-classification",
] as const;
export type TaskFile = (typeof FILES)[number];
type Call = (...args: unknown[]) => Promise<unknown>;

/** One test a model. @param foldersOf where a model's files lie: its own folder, then its tokenizer's */
export function runCases(
  file: TaskFile,
  cases: readonly GoldenCase[],
  foldersOf: (model: string) => readonly string[],
  device: "reference" | "auto",
): void {
  const loaded = new Map<string, Promise<Tasks[keyof Tasks]>>();
  const open = (model: string, maxLength?: number) => {
    const key = `${model} ${maxLength}`;
    if (!loaded.has(key)) loaded.set(key, pipeline(file, filesOf(foldersOf(model), maxLength), { device }));
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
