/** What encode and stream promise besides numbers: order, bits, bounds, progress, abort, disposal, and a sentence for every bad input. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test, vi } from "vitest";
import { DisposedError } from "../../src/errors.ts";
import { SentenceEncoder } from "../../src/tasks/sentence-encoder.ts";
import { fixture } from "../shared.ts";
import { staticEncoder } from "./tiny-encoder.ts";

const readFolder = (folder: string) => new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))] as const));
const TEXTS = ["Yes", "a longer text about the green house by the river", "", "two words", "Can you do this? ".repeat(30)];

describe("SentenceEncoder on a tiny BERT", () => {
  const loading = SentenceEncoder.load(fixture("pipelines/encoder"), { device: "reference" });
  afterAll(async () => (await loading).dispose());

  test("a text has the same bits alone, in a batch, in a stream, and at any token budget", async () => {
    const encoder = await loading;
    const together = await encoder.encode(TEXTS);
    for (const [i, text] of TEXTS.entries()) expect(await encoder.encode(text)).toEqual(together[i]);
    for (const tokenBudget of [1, 7, 64, 100_000]) expect(await encoder.encode(TEXTS, { tokenBudget })).toEqual(together);
    const streamed: Float32Array[] = [];
    for await (const vector of encoder.stream(TEXTS.values(), { tokenBudget: 20 })) streamed.push(vector);
    expect(streamed).toEqual(together);
    expect(await encoder.encode([])).toEqual([]);
  });

  test("the model's truncate_dim holds where a call names none", async () => {
    const [whole] = await (await loading).encode(["two words"]);
    const files = readFolder(fixture("pipelines/encoder"));
    const load = (truncate_dim: number | null) =>
      SentenceEncoder.load(new Map([...files, ["config_sentence_transformers.json", Buffer.from(JSON.stringify({ truncate_dim }))]]), {
        device: "reference",
      });
    const short = await load(5);
    expect(short.dimension).toBe(5);
    expect(await short.encode("two words")).toEqual(whole!.slice(0, 5));
    expect(await short.encode("two words", { truncateDim: 7 })).toEqual(whole!.slice(0, 7));
    short.dispose();
    const all = await load(null); // as sentence-transformers 6 writes it
    expect(all.dimension).toBe(whole!.length);
    expect(await all.encode("two words")).toEqual(whole);
    all.dispose();
  });

  test("tells of every text that is cut, with its full length", async () => {
    const encoder = await loading;
    const cut = vi.fn();
    await encoder.encode(TEXTS, { onTruncate: cut });
    const tokens = encoder.tokenizer.encode(TEXTS[4]!).ids.length;
    expect(tokens).toBeGreaterThan(encoder.maxSeqLength);
    expect(cut.mock.calls).toEqual([[4, tokens]]);
  });

  test("a folder without modules.json is pooled by the mean", async () => {
    const encoder = await loading;
    const [text] = TEXTS;
    const { lastHiddenState } = await encoder.model.forward([encoder.tokenizer.encode(text!)]);
    const { shape, data } = lastHiddenState[0]!;
    const [S, C] = shape as [number, number];
    const mean = Array.from({ length: C }, (_, c) => Array.from({ length: S }, (_, s) => data[s * C + c]!).reduce((a, b) => a + b) / S);
    const vector = await encoder.encode(text!);
    mean.forEach((value, c) => {
      expect(Math.abs(value - vector[c]!)).toBeLessThan(S * 2 ** -22); // S additions of values below 4 in float32
    });
  });
});

describe("encode", () => {
  test("reports progress after each pass, and stops at an abort between passes", async () => {
    const encoder = await staticEncoder();
    const texts = Array.from({ length: 10 }, () => "red green");
    const loaded: number[] = [];
    await encoder.encode(texts, { tokenBudget: 6, onProgress: (event) => loaded.push(event.loaded) });
    expect(loaded).toEqual([3, 6, 9, 10]);

    const controller = new AbortController();
    let passes = 0;
    const onProgress = () => {
      if (++passes === 2) controller.abort(new Error("enough"));
    };
    await expect(encoder.encode(texts, { tokenBudget: 6, signal: controller.signal, onProgress })).rejects.toThrow("enough");
    expect(passes).toBe(2);
    await expect(encoder.encode("red", { signal: AbortSignal.abort(new Error("before")) })).rejects.toThrow("before");
    expect([...(await encoder.encode("red"))]).toEqual([1, 0]);
  });

  test("gives the event loop a turn between passes, and overlapping calls their own results", async () => {
    const encoder = await staticEncoder();
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    const texts = Array.from({ length: 200 }, (_, i) => (i % 2 ? "red" : "green"));
    const [many, one] = await Promise.all([encoder.encode(texts, { tokenBudget: 1 }), encoder.encode("blue")]);
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
    expect([...one]).toEqual([-3, -4]);
    expect(many.map(([x]) => x)).toEqual(texts.map((text) => (text === "red" ? 1 : 0)));
  });

  test("a stream reads no further than one pass ahead", async () => {
    const encoder = await staticEncoder();
    let read = 0;
    function* endless() {
      for (;;) {
        read++;
        yield "red green";
      }
    }
    for await (const vector of encoder.stream(endless(), { tokenBudget: 8 })) {
      expect([...vector]).toEqual([0.5, 1]);
      if (read > 20) break;
      expect(read).toBeLessThanOrEqual(25);
    }
  });

  test("precision", async () => {
    const encoder = await staticEncoder();
    const ranges: [number, number][] = [
      [-254, 1],
      [-10, 245],
    ];
    expect(await encoder.encode(["red", "blue"], { precision: "int8", ranges })).toEqual([
      Int8Array.of(127, -118),
      Int8Array.of(123, -122),
    ]);
    expect(await encoder.encode(["red", "blue"], { precision: "ubinary" })).toEqual([Uint8Array.of(0b1000_0000), Uint8Array.of(0)]);
    await expect(encoder.encode(["red"], { precision: "int8" })).rejects.toThrow(
      /precision "int8" needs `ranges`.*does not depend on its batch/,
    );
    const rangesOf = (value: unknown) => encoder.encode(["red"], { precision: "int8", ranges: value as typeof ranges });
    await expect(rangesOf(5)).rejects.toThrow(/ranges: expected a list of \[min, max\], found 5/);
    await expect(rangesOf([ranges[0], [1, Number.NaN]])).rejects.toThrow(/ranges\[1\]: expected \[min, max\], found \[1,null\]/);
    await expect(encoder.encode(["red"], { precision: "int4" as "int8" })).rejects.toThrow(/precision: expected .* found "int4"/);
  });

  test("says what is wrong with its input", async () => {
    const encoder = await staticEncoder();
    const wrong = (value: unknown) => encoder.encode(value as string);
    await expect(wrong(42)).rejects.toThrow(/texts\[0\]: expected a string, found 42/);
    await expect(wrong(["red", null])).rejects.toThrow(/texts\[1\]: expected a string, found null/);
    await expect(encoder.encode("red", { promptName: "query" })).rejects.toThrow(
      /promptName: expected a prompt of the model \(it has none\), found "query"/,
    );
    for (const prompt of [5, null] as unknown[]) {
      await expect(encoder.encode("red", { prompt: prompt as string })).rejects.toThrow(/prompt: expected a string, found (5|null)/);
    }
    await expect(encoder.stream("red")[Symbol.asyncIterator]().next()).rejects.toThrow(
      /expected an iterable of texts \(encode takes one\), found "red"/,
    );
    for (const none of [null, {}] as unknown[]) {
      await expect(encoder.stream(none as string[]).next()).rejects.toThrow(/iterable of texts .* found (null|\{\})/);
    }
    await expect(encoder.encode("red", { tokenBudget: 0 })).rejects.toThrow(/tokenBudget: expected an integer of at least 1, found 0/);
    await expect(encoder.encode("red", { truncateDim: 1.5 })).rejects.toThrow(/truncateDim: expected an integer of at least 1, found 1.5/);
    await expect(encoder.encode(["\ud800 lone", "x".repeat(100_000)])).resolves.toHaveLength(2);
  });

  test("after dispose", async () => {
    const encoder = await staticEncoder();
    const waiting = encoder.encode("red");
    encoder.dispose();
    encoder.dispose();
    await expect(waiting).rejects.toThrow(DisposedError);
    await expect(encoder.encode("red")).rejects.toThrow(DisposedError);
  });

  test.each([
    ["a BERT", () => SentenceEncoder.load(fixture("pipelines/encoder"), { device: "reference" })],
    ["a table", () => staticEncoder()],
  ])("no texts at all: nothing from a model, an error after its end (%s)", async (_, load) => {
    const encoder = await load();
    const calls = () => [
      encoder.encode([]),
      encoder.encode([], { precision: "binary" }),
      encoder.stream([]).next(),
      encoder.model.forward([]).then(({ lastHiddenState }) => lastHiddenState),
    ];
    expect(await Promise.all(calls())).toEqual([[], [], { done: true, value: undefined }, []]);
    await expect(encoder.encode([], { signal: AbortSignal.abort(new Error("stop")) })).rejects.toThrow("stop");
    encoder.dispose();
    for (const call of calls()) await expect(call).rejects.toThrow(DisposedError);
  });
});
