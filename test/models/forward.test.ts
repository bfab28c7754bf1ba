/** Model.forward at its edge: bad input, empty input, budgets, queueing, abort, dispose, choices, rows. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ConfigError, DisposedError, ShapeError } from "../../src/errors.ts";
import type { EncoderModel } from "../../src/models/encoder-model.ts";
import { planPasses, tokensPerPass } from "../../src/models/input.ts";
import { loadModelFromFiles } from "../../src/models/load.ts";
import type { ModelInput } from "../../src/models/types.ts";
import { fixture } from "../shared.ts";
import { folderFiles } from "./folder.ts";

const load = (name: string) => loadModelFromFiles(folderFiles(fixture(name)), { device: "reference" });
const tokens = (S: number, seed = 0): ModelInput => ({ ids: Array.from({ length: S }, (_, s) => (7 * s + 13 * seed + 1) % 400) });

let model: EncoderModel;
beforeAll(async () => {
  model = await load("tiny/bert");
});
afterAll(() => model.dispose());

describe("input", () => {
  test.each([
    ["no list", "text", ConfigError, 'expected a list of { ids, typeIds? }, found "text"'],
    ["a text", ["text"], ConfigError, "text 0: expected { ids, typeIds? }"],
    ["null", [null], ConfigError, "text 0: expected { ids, typeIds? } with a list of token ids, found null"],
    ["no tokens", [{ ids: [] }], ShapeError, "text 0 has no tokens"],
    ["too long", [{ ids: [1] }, tokens(65)], ShapeError, "text 1 has 65 tokens, the model takes at most 64"],
    ["10,000 words", [tokens(10_000)], ShapeError, "at most 64; truncate it or split it into windows"],
    [
      "outside the vocabulary",
      [{ ids: [1, 2007] }],
      ShapeError,
      "integers in 0..2006, found 2007 at 1; do tokenizer and model belong together?",
    ],
    ["negative", [{ ids: [-1] }], ShapeError, "found -1 at 0"],
    ["not an integer", [{ ids: [1.5] }], ShapeError, "found 1.5 at 0"],
    ["not a number", [{ ids: ["1"] }], ShapeError, 'found "1" at 0'],
    ["a hole", [{ ids: new Array(2) }], ShapeError, "found nothing at 0"],
    ["too few types", [{ ids: [1, 2], typeIds: [0] }], ShapeError, "expected 2 typeIds, found 1"],
    ["an unknown type", [{ ids: [1, 2], typeIds: [0, 2] }], ShapeError, "typeIds of text 0: expected integers in 0..1"],
  ])("%s", async (_name, batch, error, sentence) => {
    const call = model.forward(batch as ModelInput[]);
    await expect(call).rejects.toBeInstanceOf(error);
    await expect(call).rejects.toThrow(sentence);
  });

  test("an empty list gives empty lists", async () => {
    expect(await model.forward([])).toEqual({ lastHiddenState: [], pooled: [] });
    const output = await model.forward([], { hiddenStates: true, attentions: true });
    expect(output.hiddenStates).toEqual([]);
  });

  test("typed arrays are lists; a family without token types ignores typeIds", async () => {
    const typed = await model.forward([{ ids: new Int32Array([1, 5, 9]) as unknown as number[] }]);
    const plain = await model.forward([{ ids: [1, 5, 9], typeIds: [0, 0, 0] }]);
    expect(typed.lastHiddenState).toEqual(plain.lastHiddenState);
    const distilbert = await load("tiny/distilbert");
    await expect(distilbert.forward([{ ids: [1, 5], typeIds: [0, 1] }])).resolves.toBeDefined();
    distilbert.dispose();
  });
});

describe("output", () => {
  test("shapes and axes, per text; every tensor owns its data", async () => {
    const batch = [tokens(5), tokens(3, 1)];
    const { lastHiddenState, pooled, hiddenStates, attentions } = await model.forward(batch, { hiddenStates: true, attentions: true });
    expect(lastHiddenState.map(({ axes, shape }) => [axes, shape])).toEqual([
      ["S C", [5, 40]],
      ["S C", [3, 40]],
    ]);
    expect(pooled!.map(({ shape }) => shape)).toEqual([[40], [40]]);
    expect(hiddenStates!.map((layer) => layer.map(({ shape }) => shape[0]))).toEqual(new Array(4).fill([5, 3]));
    expect(attentions!.map((layer) => layer.map(({ shape }) => shape))).toEqual(
      new Array(3).fill([
        [4, 5, 5],
        [4, 3, 3],
      ]),
    );
    expect(hiddenStates![3]![1]!.data).toEqual(lastHiddenState[1]!.data);
    for (const { shape, data } of [...lastHiddenState, ...attentions!.flat()]) {
      expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
      expect(data.buffer.byteLength).toBe(data.byteLength);
    }
    for (const { shape, data } of attentions!.flat()) {
      const S = shape[2]!;
      for (let row = 0; row < data.length / S; row++) {
        const sum = data.subarray(row * S, (row + 1) * S).reduce((a, b) => a + b, 0);
        expect(Math.abs(sum - 1)).toBeLessThan(S * 2 ** -23);
      }
    }
  });

  test("asking for hidden states and attentions changes no bit", async () => {
    const batch = [tokens(17), tokens(64, 2)];
    const plain = await model.forward(batch);
    const watched = await model.forward(batch, { hiddenStates: true, attentions: true });
    expect(watched.lastHiddenState).toEqual(plain.lastHiddenState);
  });

  test("a batch beyond the token budget is cut without changing a bit, in order", async () => {
    const batch = Array.from({ length: 100 }, (_, i) => tokens(1 + ((31 * i) % 64), i));
    const long = [...batch, ...batch];
    const budget = tokensPerPass(model.backend.name);
    const passes = planPasses(long, () => 0, budget);
    expect(passes.length).toBeGreaterThan(1);
    for (const { first, count } of passes) {
      const T = long.slice(first, first + count).reduce((sum, { ids }) => sum + ids.length, 0);
      expect(T).toBeLessThanOrEqual(budget);
    }
    const together = await model.forward(long);
    for (const i of [0, 57, 99, 100, 163, 199]) {
      const alone = await model.forward([long[i]!]);
      expect(alone.lastHiddenState[0]).toEqual(together.lastHiddenState[i]);
      expect(alone.pooled![0]).toEqual(together.pooled![i]);
    }
  });

  test("other work gets a turn every 1024 tokens, and an abort acts there", async () => {
    const controller = new AbortController();
    const call = model.forward(Array(24).fill(tokens(64)), { signal: controller.signal }); // 1536 tokens: two passes
    setImmediate(() => controller.abort(new Error("enough")));
    await expect(call).rejects.toThrow("enough");
    expect((await model.forward([tokens(3)])).lastHiddenState).toHaveLength(1);
  });

  test("rows: only the wanted token positions of a masked LM, the same bits", async () => {
    const mlm = await load("tiny/bert-pretraining");
    const batch = [tokens(9), tokens(4, 1), tokens(6, 2)];
    const full = await mlm.forward(batch);
    const some = await mlm.forward(batch, { rows: [[3, 8], [], [0]] });
    const V = full.logits![0]!.shape[1]!;
    expect(some.logits!.map(({ shape }) => shape)).toEqual([
      [2, V],
      [0, V],
      [1, V],
    ]);
    expect(some.logits![0]!.data.subarray(V)).toEqual(full.logits![0]!.data.subarray(8 * V, 9 * V));
    expect(some.logits![2]!.data).toEqual(full.logits![2]!.data.subarray(0, V));
    expect(full.seqRelationshipLogits!.map(({ shape }) => shape)).toEqual([[2], [2], [2]]);
    await expect(mlm.forward(batch, { rows: [[9], [], []] })).rejects.toThrow("rows of text 0");
    mlm.dispose();
  });

  test("multiple choice: one [choices] an example", async () => {
    const choice = await load("tiny/bert-multiple-choice");
    const batch = [tokens(5), tokens(3, 1), tokens(4, 2), tokens(6, 3)];
    const { logits } = await choice.forward(batch, { choices: 2 });
    expect(logits!.map(({ shape }) => shape)).toEqual([[2], [2]]);
    const whole = await choice.forward(batch);
    expect(whole.logits!.map(({ shape }) => shape)).toEqual([[4]]);
    expect([...whole.logits![0]!.data]).toEqual([...logits![0]!.data, ...logits![1]!.data]);
    await expect(choice.forward(batch, { choices: 3 })).rejects.toThrow("a divisor of the 4 inputs of the batch, found 3");
    expect((await choice.forward([])).logits).toEqual([]);
    choice.dispose();
  });
});

describe("calls", () => {
  test("overlapping calls give what each alone gives; the caller may change its list meanwhile", async () => {
    const ids = [1, 2, 3];
    const first = model.forward([{ ids }]);
    const second = model.forward([tokens(8)]);
    ids.push(99999);
    expect((await first).lastHiddenState[0]!.shape).toEqual([3, 40]);
    expect((await second).lastHiddenState).toEqual((await model.forward([tokens(8)])).lastHiddenState);
  });

  test("abort: before, and between the passes of a long call; the model stays usable", async () => {
    await expect(model.forward([tokens(3)], { signal: AbortSignal.abort(new Error("no")) })).rejects.toThrow("no");
    const controller = new AbortController();
    const long = model.forward(
      Array.from({ length: 300 }, (_, i) => tokens(64, i)),
      { signal: controller.signal },
    );
    setImmediate(() => controller.abort());
    await expect(long).rejects.toMatchObject({ name: "AbortError" });
    expect((await model.forward([tokens(3)])).lastHiddenState).toHaveLength(1);
  });

  test("dispose rejects waiting and later calls, twice is fine, and Symbol.dispose is there", async () => {
    const other = await load("tiny/bert-nsp");
    const waiting = other.forward([tokens(3)]);
    if (Symbol.dispose) other[Symbol.dispose]();
    other.dispose();
    other.dispose();
    await expect(waiting).rejects.toBeInstanceOf(DisposedError);
    await expect(other.forward([tokens(3)])).rejects.toThrow(/BertForNextSentencePrediction of .* was disposed; load the model again/);
    await expect(other.computeHidden([tokens(3)], () => [])).rejects.toBeInstanceOf(DisposedError);
  });

  test("what a model says of itself", async () => {
    expect(model).toMatchObject({
      architecture: "BertModel",
      device: "reference",
      dtype: "f32",
      unusedTensors: [],
      hiddenSize: 40,
      maxLength: 64,
    });
    expect(model.config.model_type).toBe("bert");
  });
});
