/**
 * The real all-MiniLM-L6-v2 in a sample: six texts stage by stage, 30 of the 300 golden sentences, 100 of STS-B's 1,379 pairs.
 * `npm run validate` runs all of it. Reads ../shared/data; the last block needs only weights/ and runs in a lone clone, too.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { openModelFiles } from "../../src/files/index.ts";
import type { EncoderModel } from "../../src/models/encoder-model.ts";
import { loadModel } from "../../src/models/load-model.ts";
import { quantizeModel } from "../../src/models/quantize.ts";
import { SentenceEncoder } from "../../src/tasks/sentence-encoder.ts";
import { needsShared, sharedData } from "../shared.ts";
import { compareStages, cosine, GOLDEN, goldenSentences, MODEL, maxDifference, spearman, stsPairs } from "./minilm.ts";

const WEIGHTS = fileURLToPath(new URL("../../weights/all-MiniLM-L6-v2", import.meta.url));
/** The reference and loops run the short texts; wasm all nine. */
const SHORT_TEXTS = ["empty", "one-word", "two-words", "short", "accents-cjk-emoji", "pair"];
const SENTENCES = 30;
const PAIRS = 100;
const everyTenth = (i: number) => i % 10 === 0;

needsShared(GOLDEN)("the official f32 model", () => {
  test.each([
    ["reference", SHORT_TEXTS],
    ["loops", SHORT_TEXTS],
    ["wasm", undefined],
  ] as const)("every stage on %s within three of PyTorch's f32 errors and 1e-5", async (device, names) => {
    const model = (await loadModel(sharedData(MODEL), { device })) as EncoderModel;
    expect(model.unusedTensors).toEqual(["embeddings.position_ids"]);
    const differences = await compareStages(model, names);
    expect(differences).toHaveLength(12 * (names?.length ?? 9));
    for (const { stage, text, max, allowed } of differences) expect(max, `${stage} of ${text}`).toBeLessThanOrEqual(allowed);
    model.dispose();
  });

  test(`${SENTENCES} sentences: cosine to float64 at least 0.9999999, and the same bits alone and in any batch`, async () => {
    const golden = await goldenSentences();
    const texts = golden.texts.filter((_text, i) => everyTenth(i));
    const vectors = golden.vectors.filter((_vector, i) => everyTenth(i));
    expect(texts).toHaveLength(SENTENCES);
    const encoder = await SentenceEncoder.load(sharedData(MODEL), { device: "wasm" });
    const together = await encoder.encode(texts);
    const reversed = await encoder.encode([...texts].reverse(), { tokenBudget: 300 });
    for (const [i, text] of texts.entries()) {
      expect(cosine(together[i]!, vectors[i]!), text).toBeGreaterThanOrEqual(0.9999999);
      expect(await encoder.encode(text), text).toEqual(together[i]);
      expect(reversed[texts.length - 1 - i], text).toEqual(together[i]);
    }
    encoder.dispose();
  });

  test(`${PAIRS} pairs of STS-B: sentence-transformers' cosines in f32, and what w8 costs`, async () => {
    const pairs = stsPairs().slice(0, PAIRS);
    const texts = pairs.flatMap(({ a, b }) => [a, b]);
    const encode = async (source: string, dtype: "f32" | "w8") => {
      const encoder = await SentenceEncoder.load(source, { device: "wasm", dtype });
      const vectors = await encoder.encode(texts);
      encoder.dispose();
      return vectors;
    };
    const f32 = await encode(sharedData(MODEL)!, "f32");
    const cosines = (vectors: Float32Array[]) => pairs.map((_pair, i) => cosine(vectors[2 * i]!, vectors[2 * i + 1]!));
    // Both sides are f32 runs: each vector within 2e-7 a component of float64, the golden printed to seven digits.
    const expected = pairs.map((pair) => pair.cosine);
    expect(maxDifference(cosines(f32), expected)).toBeLessThanOrEqual(1e-6);
    const gold = pairs.map((pair) => pair.gold);
    expect(spearman(cosines(f32), gold)).toBeCloseTo(spearman(expected, gold), 3);

    const w8 = await encode(WEIGHTS, "w8");
    const whileLoading = await encode(sharedData(MODEL)!, "w8");
    for (const [i, vector] of w8.entries()) {
      expect(whileLoading[i], texts[i]).toEqual(vector);
      expect(cosine(vector, f32[i]!), texts[i]).toBeGreaterThan(0.997); // the lowest of all 2,758 is 0.9974 (weights/README.md)
    }
  });

  test("weights/ holds the bytes that quantising the official file gives", async () => {
    const { weights, config } = await quantizeModel(await openModelFiles(sharedData(MODEL), {}));
    expect(Buffer.compare(weights, readFileSync(join(WEIGHTS, "model.safetensors")))).toBe(0);
    expect(config).toBe(readFileSync(join(WEIGHTS, "config.json"), "utf8"));
  });
});

describe("weights/all-MiniLM-L6-v2 in a lone clone", () => {
  test("the default model is w8, embeds, and gives the same bits alone and together", async () => {
    const encoder = await SentenceEncoder.load(undefined, { device: "wasm" });
    expect(encoder.model.dtype).toBe("w8");
    const texts = ["A hummingbird hovers over a flower.", "A tiny bird drinks nectar.", "The budget was passed by parliament."];
    const [bird, nectar, budget] = await encoder.encode(texts);
    expect(await encoder.encode(texts[0]!)).toEqual(bird);
    expect(cosine(bird!, nectar!)).toBeGreaterThan(cosine(bird!, budget!) + 0.3);
    encoder.dispose();
    const model = await loadModel();
    expect(model.dtype).toBe("w8");
    model.dispose();
  });
});
