/** StaticEmbedding: the mean of the tokens' rows, worked out by hand. */

import { describe, expect, test } from "vitest";
import { SentenceEncoder } from "../../src/tasks/sentence-encoder.ts";
import { staticEncoder, staticModelFiles } from "./tiny-encoder.ts";

describe("StaticEmbedding", () => {
  test("a text is the mean of its tokens, an empty one zero", async () => {
    const encoder = await staticEncoder();
    const vectors = await encoder.encode(["red", "red green", "", "Blue blue green green", "unknown"]);
    expect(vectors.map((vector) => [...vector])).toEqual([
      [1, 0],
      [0.5, 1],
      [0, 0],
      [-1.5, -1],
      [0, 0],
    ]);
    expect(encoder.dimension).toBe(2);
    expect(encoder.maxSeqLength).toBe(Number.POSITIVE_INFINITY);
    expect(encoder.model.architecture).toBe("StaticEmbedding");
    const { lastHiddenState } = await encoder.model.forward([{ ids: [1, 3] }, { ids: [] }, { ids: [2] }]);
    expect(lastHiddenState.map(({ shape, data }) => [shape, [...data]])).toEqual([
      [
        [2, 2],
        [1, 0, -3, -4],
      ],
      [[0, 2], []],
      [
        [1, 2],
        [0, 2],
      ],
    ]);
  });

  test("modules after it, and leaving out the normalisation", async () => {
    const encoder = await staticEncoder(["StaticEmbedding", "Normalize"]);
    expect([...(await encoder.encode("blue"))]).toEqual([Math.fround(-0.6), Math.fround(-0.8)]);
    expect([...(await encoder.encode("blue", { normalize: false }))]).toEqual([-3, -4]);
    expect([...(await encoder.encode("blue", { truncateDim: 1 }))]).toEqual([Math.fround(-0.6)]);
    expect([...(await encoder.encode("blue", { truncateDim: 1, normalize: true }))]).toEqual([-1]);
  });

  test("the truncation block of its tokenizer.json counts", async () => {
    const files = staticModelFiles();
    const tokenizer = JSON.parse(new TextDecoder().decode(files.get("tokenizer.json"))) as object;
    const truncation = { max_length: 2, strategy: "LongestFirst", stride: 0, direction: "Right" };
    files.set("tokenizer.json", new TextEncoder().encode(JSON.stringify({ ...tokenizer, truncation })));
    const encoder = await SentenceEncoder.load(files, { device: "reference" });
    const cut: number[][] = [];
    expect([...(await encoder.encode("red green blue", { onTruncate: (...call) => cut.push(call) }))]).toEqual([0.5, 1]);
    expect(cut).toEqual([[0, 3]]);
    expect(encoder.maxSeqLength).toBe(2);
  });

  test("names what it cannot use", async () => {
    await expect(staticEncoder(["StaticEmbedding", "WordWeights"])).rejects.toThrow(
      /module "sentence_transformers.models.WordWeights"; supported are/,
    );
    await expect(staticEncoder(["Pooling"])).rejects.toThrow(/neither a Transformer nor a StaticEmbedding/);
    const files = staticModelFiles();
    files.set("modules.json", new TextEncoder().encode("[{"));
    await expect(SentenceEncoder.load(files)).rejects.toThrow(/modules.json of .* is not JSON/);
    files.set("modules.json", new TextEncoder().encode("[null]"));
    await expect(SentenceEncoder.load(files)).rejects.toThrow(/module of modules.json of .*: expected a JSON object, found null/);
    const pooled = [{ type: "models.Transformer" }, { type: "models.Pooling", path: "1_Pooling" }];
    files.set("modules.json", new TextEncoder().encode(JSON.stringify(pooled)));
    await expect(SentenceEncoder.load(files)).rejects.toThrow(/No file .*config.json among the given files in 1_Pooling/);
    const encoder = await staticEncoder();
    await expect(encoder.model.forward([{ ids: [9] }])).rejects.toThrow(/token id 9 has no row in a table of 4/);
  });
});
