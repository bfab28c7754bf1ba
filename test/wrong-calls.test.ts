/** Every public function, called with what is no options, no signal, no id: a named error that says what was expected, never a TypeError from inside. */

import { afterAll, describe, expect, test } from "vitest";
import * as hummingbert from "../src/index.ts";
import { fixture } from "./shared.ts";
import { fixtureFiles } from "./tasks/goldens.ts";

const { ConfigError, FormatError } = hummingbert;
type Call = (options: never) => unknown;

const encoder = fixture("pipelines/encoder");
const load = { device: "reference" } as const;
const vectors = [new Float32Array([1, 0]), new Float32Array([0, 1])];
const question = { question: "Who?", context: "One two three." };

/** The error of a call that throws or rejects. */
async function errorOf(run: () => unknown): Promise<unknown> {
  try {
    const result = await run();
    if (typeof result === "object" && result !== null && Symbol.asyncIterator in result)
      for await (const _ of result as AsyncIterable<unknown>);
  } catch (error) {
    return error;
  }
  return undefined;
}

const opened = {
  tokenizer: await hummingbert.Tokenizer.load(encoder),
  model: await hummingbert.loadModel(encoder, load),
  sentences: await hummingbert.SentenceEncoder.load(encoder, load),
  pairs: await hummingbert.CrossEncoder.load(fixture("pipelines/bert-seqcls-nli"), load),
  classify: await hummingbert.pipeline("text-classification", fixtureFiles("bert-seqcls-nli"), load),
  ner: await hummingbert.pipeline("ner", fixtureFiles("bert-tokcls-bio"), load),
  answer: await hummingbert.pipeline("question-answering", fixtureFiles("bert-qa"), load),
  fill: await hummingbert.pipeline("fill-mask", fixtureFiles("distilbert-mlm"), load),
  zeroShot: await hummingbert.pipeline("zero-shot-classification", fixtureFiles("bert-seqcls-nli"), load),
  extract: await hummingbert.pipeline("feature-extraction", encoder, load),
  compare: await hummingbert.pipeline("sentence-similarity", encoder, load),
};
const { tokenizer, model, sentences, pairs, classify, ner, answer, fill, zeroShot, extract, compare } = opened;
afterAll(() => {
  for (const each of Object.values(opened)) if ("dispose" in each) each.dispose();
});

/** Calls that take a signal among their options. */
const STOPPABLE: readonly [name: string, call: Call][] = [
  ["loadModel", (options) => hummingbert.loadModel(encoder, options)],
  ["Tokenizer.load", (options) => hummingbert.Tokenizer.load(encoder, options)],
  ["SentenceEncoder.load", (options) => hummingbert.SentenceEncoder.load(encoder, options)],
  ["CrossEncoder.load", (options) => hummingbert.CrossEncoder.load(encoder, options)],
  ["pipeline", (options) => hummingbert.pipeline("feature-extraction", encoder, options)],
  ["forward", (options) => model.forward([{ ids: [1] }], options)],
  ["encode", (options) => sentences.encode("a", options)],
  ["stream", (options) => sentences.stream(["a"], options)],
  ["predict", (options) => pairs.predict([["a", "b"]], options)],
  ["text-classification", (options) => classify("a", options)],
  ["token-classification", (options) => ner("a", options)],
  ["question-answering", (options) => answer(question, options)],
  ["fill-mask", (options) => fill("a [MASK]", options)],
  ["zero-shot-classification", (options) => zeroShot("a", ["b"], options)],
  ["feature-extraction", (options) => (extract as (text: string, options: never) => unknown)("a", options)],
  [
    "sentence-similarity",
    (options) => (compare as (input: object, options: never) => unknown)({ sourceSentence: "a", sentences: ["b"] }, options),
  ],
];
const OTHERS: readonly [name: string, call: Call][] = [
  ["rank", (options) => pairs.rank("a", ["b"], options)],
  ["Tokenizer.encode", (options) => tokenizer.encode("a", null, options)],
  ["Tokenizer.encodeBatch", (options) => tokenizer.encodeBatch(["a"], options)],
  ["Tokenizer.decode", (options) => tokenizer.decode([1], options)],
  ["semanticSearch", (options) => hummingbert.semanticSearch(vectors, vectors, options)],
  ["paraphraseMining", (options) => hummingbert.paraphraseMining(vectors, options)],
  ["communityDetection", (options) => hummingbert.communityDetection(vectors, options)],
  ["quantizeEmbeddings", (options) => hummingbert.quantizeEmbeddings(vectors, "binary", options)],
];

test.each([...STOPPABLE, ...OTHERS])("%s: options that are none, such as a second text or a number", async (_, call) => {
  for (const wrong of [null, "b", 5, ["b"], true]) {
    const error = await errorOf(() => call(wrong as never));
    expect(error, String(wrong)).toBeInstanceOf(ConfigError);
    expect((error as Error).message).toMatch(/^options: expected an object, found /);
  }
});

test.each(STOPPABLE)("%s: a controller for its signal", async (_, call) => {
  const error = await errorOf(() => call({ ...load, signal: new AbortController() } as never));
  expect(error).toBeInstanceOf(ConfigError);
  expect((error as Error).message).toBe("signal: expected an AbortSignal, found {}");
});

test.each(["revision", "token", "cacheDir"])(
  "%s that is no string: a named error (split, trim and path said theirs before)",
  async (name) => {
    for (const wrong of [5, {}, ["main"], true]) {
      const error = await errorOf(() => hummingbert.loadModel("someone/tiny", { localFilesOnly: true, [name]: wrong } as never));
      expect(error, String(wrong)).toBeInstanceOf(ConfigError);
      expect((error as Error).message).toMatch(new RegExp(`^${name}: expected a string, found `));
    }
  },
);

test.each(STOPPABLE)("%s: callbacks that are no functions", async (_, call) => {
  for (const name of ["onProgress", "onTruncate"]) {
    const error = await errorOf(() => call({ ...load, [name]: 5 } as never));
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as Error).message).toBe(`${name}: expected a function, found 5`);
  }
});

describe("ids", () => {
  test.each([-1, 1.5, Number.NaN, 2 ** 32, null, "7", [7], 7n])("decode and idToToken of %s, for which Rust raises an error", (id) => {
    expect(() => tokenizer.decode([1, id as number])).toThrow(/^decode: ids\[1\]: expected a token id, found /);
    expect(tokenizer.idToToken(id as number)).toBeUndefined();
  });
  test("decode leaves out ids that no token has", () => {
    expect(tokenizer.decode([1_000_000, ...tokenizer.encode("a").ids])).toBe("a");
  });
});

test("devices and threads that are none", async () => {
  const options: readonly [LoadOption, RegExp][] = [
    [{ devices: [null] }, /device: expected webgpu\(\) or gpuJs\(\), found null/],
    [{ device: {} }, /device: expected webgpu\(\) or gpuJs\(\), found \{\}/],
    [{ threads: 2n }, /threads: expected "auto" or a whole number from 1 to 64, found 2/],
  ];
  for (const [wrong, message] of options) {
    const error = await errorOf(() => hummingbert.loadModel(encoder, wrong as never));
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as Error).message).toMatch(message);
  }
});
type LoadOption = Readonly<Record<string, unknown>>;

test("ranges that are no numbers", () => {
  for (const range of [["a", "b"], [null, 1], [0], [Number.NaN, 1], [Symbol("a"), 1]]) {
    const ranges = [range, [0, 1]] as [number, number][];
    expect(() => hummingbert.quantizeEmbeddings(vectors, "int8", { ranges })).toThrow(/ranges\[0\]: expected \[min, max\]/);
  }
});

test("safetensors: sources, names and maps that are none", async () => {
  const read = async () => new Uint8Array(8);
  expect(await errorOf(() => hummingbert.openSafetensors({ size: 8n as unknown as number, read }))).toBeInstanceOf(ConfigError);
  const silent = { size: 100, read: async () => undefined as unknown as Uint8Array };
  expect(await errorOf(() => hummingbert.openSafetensors(silent))).toBeInstanceOf(FormatError);
  const tensor = { dtype: "F32" as const, shape: [1], data: new Uint8Array(4) };
  expect(() => hummingbert.serializeSafetensors(new Map([[7 as unknown as string, tensor]]))).toThrow(/a tensor name must be a string/);
  expect(() => hummingbert.serializeSafetensors(new Float32Array(2) as never)).toThrow(/as Maps by name/);
});
