/** Bad inputs of every task: a sentence that names the task, what was found, and what would work. And what is cut is reported. */

import { afterAll, describe, expect, test, vi } from "vitest";
import { ConfigError, DisposedError } from "../../src/errors.ts";
import { CrossEncoder } from "../../src/tasks/cross-encoder.ts";
import { pipeline, type Tasks } from "../../src/tasks/pipeline.ts";
import { fixture } from "../shared.ts";
import { fixtureFiles } from "./goldens.ts";

const device = "reference" as const;
const open = <Task extends keyof Tasks>(task: Task, model: string) => pipeline(task, fixtureFiles(model), { device });

describe("loading", () => {
  test("an unknown task, a task without a default", async () => {
    await expect(pipeline("translation" as "ner")).rejects.toThrow(
      /"translation" is not a task; expected one of text-classification, sentiment-analysis/,
    );
    await expect(pipeline("fill-mask")).rejects.toThrow(
      /fill-mask has no default model; pass one, for example pipeline\("fill-mask", "distilbert\/distilbert-base-uncased"\)/,
    );
    await expect(pipeline("zero-shot-classification")).rejects.toThrow(ConfigError);
    await expect(CrossEncoder.load()).rejects.toThrow(/text-ranking has no default model.*cross-encoder\/ms-marco-MiniLM-L6-v2/);
  });

  test("a folder without config.json", async () => {
    const others = new Map([...fixtureFiles("bert-qa")].filter(([name]) => !name.endsWith("config.json")));
    for (const task of ["question-answering", "text-ranking", "feature-extraction"] as const) {
      await expect(pipeline(task, others)).rejects.toThrow(/^No file config\.json among the given files/);
    }
  });

  test("a model of another architecture", async () => {
    await expect(open("question-answering", "bert-seqcls-nli")).rejects.toThrow(
      /question-answering: .* is a BertForSequenceClassification, which serves text-classification, .*; expected an architecture that ends in ForQuestionAnswering, for example distilbert/,
    );
    await expect(open("fill-mask", "bert-qa")).rejects.toThrow(/fill-mask: .* BertForQuestionAnswering, which serves question-answering/);
    await expect(open("ner", "bert-qa")).rejects.toThrow(/token-classification: /);
    await expect(pipeline("text-classification", fixture("no-such-folder"))).rejects.toThrow(/no folder/);
  });
});

describe("text-classification", () => {
  const loading = open("text-classification", "bert-seqcls-nli");
  afterAll(async () => (await loading).dispose());

  test("inputs and options", async () => {
    const classify = await loading;
    const wrong = (input: unknown, options?: object) => classify(input as string, options);
    await expect(wrong(7)).rejects.toThrow(/input 0: expected a string or \{ text, textPair \}, found 7/);
    await expect(wrong(["fine", ["a", "b"]])).rejects.toThrow(/input 1: expected a string or \{ text, textPair \}, found \["a","b"\]/);
    await expect(wrong("a", { topK: 0 })).rejects.toThrow(/topK \(null for all labels\): expected an integer of at least 1, found 0/);
    await expect(wrong("a", { functionToApply: "relu" })).rejects.toThrow(
      /functionToApply: expected "none", "sigmoid" or "softmax", found "relu"/,
    );
    expect(await classify([])).toEqual([]);
  });

  test("an empty second text is none, as in Python (whose figure this is)", async () => {
    const classify = await loading;
    const [best] = await classify({ text: "A man plays.", textPair: "" });
    expect(best!.label).toBe("neutral");
    expect(best!.score).toBeCloseTo(0.9753343, 5);
    expect(await classify({ text: "A man plays." })).toEqual([best]);
  });

  test("shapes of results", async () => {
    const classify = await loading;
    const [best] = await classify("A text.");
    expect(await classify(["A text.", "A text."])).toEqual([best, best]);
    expect(await classify({ text: "A text." })).toEqual([best]);
    expect(await classify("A text.", { topK: 1 })).toEqual([best]);
    expect(await classify(["A text."], { topK: 1 })).toEqual([[best]]);
    expect(await classify("A text.", { topK: null })).toHaveLength(3);
    expect(await classify("A text.", { topK: 100 })).toHaveLength(3);
  });

  test("a text that is cut is reported: to onTruncate, else once on the console", async () => {
    const classify = await open("text-classification", "bert-seqcls-nli");
    const long = "word ".repeat(200);
    const cut = vi.fn();
    await classify(["short", long], { onTruncate: cut });
    expect(cut).toHaveBeenCalledTimes(1);
    expect(cut.mock.calls[0]![0]).toBe(1);
    expect(cut.mock.calls[0]![1]).toBeGreaterThan(200);
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    await classify([long, long]);
    expect(warn.mock.calls).toHaveLength(1);
    expect(String(warn.mock.calls[0])).toMatch(/text-classification: text 0 has \d+ tokens, the model takes 64/);
    warn.mockRestore();
    classify.dispose();
    await expect(classify("a")).rejects.toThrow(DisposedError);
  });

  test("abort", async () => {
    const classify = await loading;
    await expect(classify("a", { signal: AbortSignal.abort(new Error("stop")) })).rejects.toThrow("stop");
  });
});

describe("token-classification", () => {
  const loading = open("ner", "bert-tokcls-bio");
  afterAll(async () => (await loading).dispose());

  test("inputs and options", async () => {
    const recognise = await loading;
    await expect(recognise(["a", 1 as unknown as string])).rejects.toThrow(/text 1: expected a string, found 1/);
    await expect(recognise("a", { aggregationStrategy: "median" as "max" })).rejects.toThrow(
      /aggregationStrategy: expected one of "none", "simple", "first", "average", "max", found "median"/,
    );
    await expect(recognise("a", { ignoreLabels: "O" as unknown as string[] })).rejects.toThrow(/ignoreLabels: expected a list of strings/);
    await expect(recognise("a", { stride: 4 })).rejects.toThrow(/stride joins the entities of windows, so aggregationStrategy/);
    await expect(recognise("a", { aggregationStrategy: "simple", stride: 64 })).rejects.toThrow(
      /stride: expected less than the tokenizer's model_max_length \(64\), found 64/,
    );
    expect(await recognise("")).toEqual([]);
    expect(await recognise([])).toEqual([]);
  });

  test("offsets are UTF-16 positions of the caller's text", async () => {
    const recognise = await loading;
    const text = "😀 Angela 👍🏽 Merkel";
    const pieces = (await recognise(text, { ignoreLabels: [] })).map(({ start, end }) => text.slice(start, end));
    expect(pieces.join("")).toBe(text.replaceAll(" ", ""));
    const words = await recognise(text, { ignoreLabels: [], aggregationStrategy: "first" });
    expect(words[0]!.start).toBe(0);
    expect(words.at(-1)!.end).toBe(text.length);
  });
});

describe("question-answering", () => {
  const loading = open("question-answering", "bert-qa");
  afterAll(async () => (await loading).dispose());

  test("inputs and options", async () => {
    const ask = await loading;
    const question = "Who?";
    await expect(ask({ question: "", context: "One." })).rejects.toThrow(
      /question of input 0: expected a string that is not empty, found ""/,
    );
    await expect(
      ask([
        { question, context: "One." },
        { question, context: "" },
      ]),
    ).rejects.toThrow(/context of input 1: .* found ""/);
    await expect(ask({ question } as { question: string; context: string })).rejects.toThrow(/context of input 0: .* found nothing/);
    await expect(ask({ question, context: "One." }, { topK: 0 })).rejects.toThrow(/topK: expected an integer of at least 1, found 0/);
    await expect(ask({ question, context: "One." }, { maxAnswerLen: 0 })).rejects.toThrow(
      /maxAnswerLen: expected an integer of at least 1, found 0/,
    );
    await expect(ask({ question, context: "One." }, { maxSeqLen: 32, docStride: 33 })).rejects.toThrow(
      /docStride: expected at most maxSeqLen \(32\), found 33/,
    );
    await expect(ask({ question, context: "One." }, { maxSeqLen: 512 })).rejects.toThrow(
      /maxSeqLen: expected at most the 64 tokens that the model has positions for, found 512/,
    );
    await expect(ask({ question: "why ".repeat(60), context: "One two." })).rejects.toThrow(
      /question 0 leaves no room for its context in windows of 64 tokens that share 32; shorten it/,
    );
    expect(await ask([])).toEqual([]);
  });

  test("several questions over one context are the same as one by one", async () => {
    const ask = await loading;
    const context = "Some of the oldest schools in South Africa are private church schools. ".repeat(6);
    const questions = ["Where?", "What are they?", "How old are the schools?"];
    const together = await ask(questions.map((question) => ({ question, context })));
    for (const [i, question] of questions.entries()) expect(await ask({ question, context })).toEqual(together[i]);
  });
});

describe("fill-mask", () => {
  const loading = open("fill-mask", "distilbert-mlm");
  afterAll(async () => (await loading).dispose());

  test("inputs and options", async () => {
    const fill = await loading;
    await expect(fill("No mask here")).rejects.toThrow(/text 0 has no \[MASK\]/);
    await expect(fill(["A [MASK].", 3 as unknown as string])).rejects.toThrow(/text 1: expected a string, found 3/);
    await expect(fill("A [MASK].", { topK: -1 })).rejects.toThrow(/topK: expected an integer of at least 1, found -1/);
    await expect(fill("A [MASK].", { targets: [] })).rejects.toThrow(/targets: expected at least one word, found \[\]/);
    expect(await fill("A [MASK].", { topK: 1_000_000 })).toHaveLength(407); // the whole vocabulary
  });
});

test("fill-mask: a target beyond the model's vocabulary", async () => {
  const files = fixtureFiles("distilbert-mlm");
  const json = JSON.parse(new TextDecoder().decode(files.get("tokenizer.json"))) as { added_tokens: object[] };
  json.added_tokens.push({ ...json.added_tokens[0], id: 407, content: "zebra", special: false });
  files.set("tokenizer.json", new TextEncoder().encode(JSON.stringify(json)));
  const fill = await pipeline("fill-mask", files, { device });
  await expect(fill("A [MASK].", { targets: ["zebra"] })).rejects.toThrow(/token 407, the model has 407; do tokenizer and model/);
  await expect(fill("zebra [MASK].")).rejects.toThrow(/token ids of text 0: expected integers in 0\.\.406/);
  fill.dispose();
});

describe("zero-shot-classification", () => {
  const loading = open("zero-shot-classification", "bert-seqcls-nli");
  afterAll(async () => (await loading).dispose());

  test("inputs and options", async () => {
    const classify = await loading;
    await expect(classify("a", [])).rejects.toThrow(/candidateLabels: expected at least one, found \[\]/);
    await expect(classify("a", ["x", 2 as unknown as string])).rejects.toThrow(/candidateLabels\[1\]: expected a string, found 2/);
    await expect(classify("a", undefined as unknown as string[])).rejects.toThrow(
      /candidateLabels: expected a list of strings, found nothing/,
    );
    await expect(classify([], ["x"])).rejects.toThrow(/texts: expected at least one/);
    await expect(classify("a", ["x"], { hypothesisTemplate: "no slot" })).rejects.toThrow(
      /hypothesisTemplate: expected a \{\} where the label should go, .* found "no slot"/,
    );
    await expect(classify("a", ["x"], { hypothesisTemplate: 5 as unknown as string })).rejects.toThrow(
      /hypothesisTemplate: expected a string, found 5/,
    );
    await expect(classify("a", ["long ".repeat(80)])).rejects.toThrow(
      /leaves no room for text 0 in the model's 64 tokens; shorten the label/,
    );
  });

  test("labels of a template with braces", async () => {
    const classify = await loading;
    const braces = await classify("a", ["x", "y"], { hypothesisTemplate: "{{{0}}} {}" });
    expect(braces.scores.reduce((sum, score) => sum + score, 0)).toBeCloseTo(1, 12);
  });
});

test("sentence-similarity counts what is wrong in the caller's list", async () => {
  const compare = await open("sentence-similarity", "encoder");
  await expect(compare({ sourceSentence: "a", sentences: ["b", 5 as unknown as string] })).rejects.toThrow(
    /sentences\[1\]: expected a string, found 5/,
  );
  expect(await compare({ sourceSentence: "a", sentences: [] })).toEqual([]);
  compare.dispose();
});

describe("nothing to do: nothing from a model, an error after its end", () => {
  test.each([
    ["text-classification", "bert-seqcls-nli"],
    ["token-classification", "bert-tokcls-bio"],
    ["question-answering", "bert-qa"],
    ["fill-mask", "distilbert-mlm"],
    ["feature-extraction", "encoder"],
  ] as const)("%s", async (task, model) => {
    const run = (await open(task, model)) as ((inputs: readonly never[]) => Promise<unknown>) & { dispose(): void };
    expect(await run([])).toEqual([]);
    run.dispose();
    await expect(run([])).rejects.toThrow(DisposedError);
  });

  test("CrossEncoder", async () => {
    const encoder = await CrossEncoder.load(fixtureFiles("bert-seqcls-nli"), { device: "reference" });
    expect(await encoder.predict([])).toEqual([]);
    encoder.dispose();
    await expect(encoder.predict([])).rejects.toThrow(DisposedError); // rank asks predict
  });
});
