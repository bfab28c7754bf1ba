/** Search, mining, communities and quantisation against sentence-transformers 6.2.0 (seeded vectors of the goldens in ../shared), and what Python does not promise. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseSafetensors } from "../../src/safetensors/index.ts";
import { communityDetection } from "../../src/tasks/community-detection.ts";
import { paraphraseMining } from "../../src/tasks/paraphrase-mining.ts";
import { quantizeEmbeddings, type VectorPrecision } from "../../src/tasks/quantize-embeddings.ts";
import { semanticSearch } from "../../src/tasks/semantic-search.ts";
import { SentenceEncoder } from "../../src/tasks/sentence-encoder.ts";
import { needsShared, sharedData } from "../shared.ts";
import { camelCase } from "./goldens.ts";

type Pair = [score: number, i: number, j: number];
interface Goldens {
  semantic_search: { top_k: number; score: string; "hits [corpus_id, score]": [number | "count", number][][] }[];
  paraphrase_mining_embeddings: { params: Record<string, unknown>; "pairs [score, i, j]": Pair[] }[];
  paraphrase_mining_text: { sentences: string[]; "pairs [score, i, j]": Pair[] };
  community_detection: { params: Record<string, unknown>; communities: number[][] }[];
}
const TOLERANCE = 1e-5;

needsShared("golden/sentence-transformers")("goldens of sentence-transformers' utilities", () => {
  const root = sharedData("golden/sentence-transformers") ?? "";
  if (root === "") return;
  const goldens = JSON.parse(readFileSync(`${root}/util.json`, "utf8")) as Goldens;
  const file = parseSafetensors(new Uint8Array(readFileSync(`${root}/vectors.safetensors`)));
  const rows = async (name: string) => {
    const floats = await file.floats(name);
    const C = file.tensors.get(name)!.shape[1]!;
    return Array.from({ length: floats.length / C }, (_, i) => floats.slice(i * C, (i + 1) * C));
  };

  test.each(goldens.semantic_search.map((golden, i) => [i, golden] as const))("semanticSearch %i", async (_, golden) => {
    const score = golden.score === "dot_score" ? "dot" : "cosine";
    const found = await semanticSearch(await rows("queries"), await rows("corpus"), { topK: golden.top_k, score });
    golden["hits [corpus_id, score]"].forEach((hits, q) => {
      const listed = hits.filter(([id]) => id !== "count");
      const count = hits.find(([id]) => id === "count")?.[1] ?? listed.length;
      expect(found[q]!.length).toBe(count);
      // Long lists are given by their ends.
      listed.forEach(([id, value], at) => {
        const hit = found[q]![at < 6 || listed.length === count ? at : count - listed.length + at]!;
        expect(hit.corpus_id).toBe(id);
        expect(Math.abs(hit.score - value)).toBeLessThan(TOLERANCE);
      });
    });
  });

  test.each(goldens.paraphrase_mining_embeddings.map((golden, i) => [i, golden] as const))("paraphraseMining %i", async (_, golden) => {
    expectPairs(await paraphraseMining(await rows("clusters"), camelCase(golden.params)), golden["pairs [score, i, j]"], 120);
  });

  test("paraphraseMining of texts", async () => {
    const encoder = await SentenceEncoder.load(`${root}/model-dense-tanh`, { device: "reference" });
    const { sentences, "pairs [score, i, j]": pairs } = goldens.paraphrase_mining_text;
    expectPairs(await paraphraseMining(await encoder.encode(sentences)), pairs, 60);
    encoder.dispose();
  });

  test.each(goldens.community_detection.map((golden, i) => [i, golden] as const))("communityDetection %i", async (_, golden) => {
    expect(await communityDetection(await rows("clusters"), camelCase(golden.params))).toEqual(golden.communities);
  });

  const names = [...file.tensors.keys()].filter((name) => name.startsWith("quantize."));
  test.each(names)("%s", async (name) => {
    const [, precision, from, edge] = name.split(".") as [string, VectorPrecision, string, string | undefined];
    const ranges = (await rows("ranges")) as [Float32Array, Float32Array];
    const options = {
      ...(from === "ranges" && { ranges: [...ranges[0]].map((min, c): [number, number] => [min, ranges[1][c]!]) }),
      ...(from === "calibration" && { calibration: await rows("calibration") }),
    };
    const found = quantizeEmbeddings(await rows(edge ? "corpus_edge" : "corpus"), precision, options);
    expect(found.map((row) => [...row])).toEqual((await rows(name)).map((row) => [...row]));
  });
});

/** Same pairs in the same order, but that pairs of equal score (to TOLERANCE) may change places. The goldens keep the first `kept` pairs. */
function expectPairs(found: readonly Pair[], expected: readonly Pair[], kept: number): void {
  expect(Math.min(found.length, kept)).toBe(expected.length);
  const scores = new Map(found.map(([score, i, j]) => [`${i} ${j}`, score]));
  expected.forEach(([score, i, j], at) => {
    expect(Math.abs(found[at]![0] - score)).toBeLessThan(TOLERANCE);
    expect(Math.abs(scores.get(`${i} ${j}`)! - score), `pair ${i} ${j}`).toBeLessThan(TOLERANCE);
  });
}

describe("semanticSearch", () => {
  const vector = (...values: number[]) => Float32Array.from(values);

  test("is the same for a list, an iterator and a stream larger than a block", async () => {
    const corpus = Array.from({ length: 1000 }, (_, i) => vector(Math.sin(i), Math.cos(3 * i), Math.sin(7 * i)));
    const queries = [vector(1, 0, 0), vector(0.3, -1, 2)];
    async function* stream() {
      for (const each of corpus) yield each;
    }
    const expected = queries.map((query) => {
      const cosine = (v: Float32Array) => v.reduce((sum, x, c) => sum + x * query[c]!, 0) / Math.hypot(...v) / Math.hypot(...query);
      return corpus.map((v, i) => ({ i, score: cosine(v) })).sort((a, b) => b.score - a.score || a.i - b.i);
    });
    for (const source of [corpus, corpus.values(), stream()]) {
      const found = await semanticSearch(queries, source, { topK: 25 });
      found.forEach((hits, q) => {
        expect(hits.map(({ corpus_id }) => corpus_id)).toEqual(expected[q]!.slice(0, 25).map(({ i }) => i));
        hits.forEach(({ score }, at) => {
          expect(Math.abs(score - expected[q]![at]!.score)).toBeLessThan(1e-6); // one float32 rounding of a cosine, and of the unit query
        });
      });
    }
  });

  test("gives equal scores in the order of the corpus, and all hits of a small corpus", async () => {
    const corpus = [vector(0, 1), vector(1, 0), vector(2, 0), vector(0, 0)];
    const [hits] = await semanticSearch([vector(3, 0)], corpus);
    expect(hits).toEqual([
      { corpus_id: 1, score: 1 },
      { corpus_id: 2, score: 1 },
      { corpus_id: 0, score: 0 },
      { corpus_id: 3, score: 0 },
    ]);
    expect(await semanticSearch([], corpus)).toEqual([]);
    await expect(semanticSearch([vector(1, 1)], null as unknown as Float32Array[])).rejects.toThrow(
      /corpus: expected an iterable of Float32Array, .* found null/,
    );
    expect(await semanticSearch([vector(1, 1)], [])).toEqual([[]]);
  });

  test("says what is wrong", async () => {
    await expect(semanticSearch([vector(1, 0)], [vector(1, 0, 0)])).rejects.toThrow(/vector 0.*3 dimensions, expected 2/);
    await expect(semanticSearch([vector(1), vector(1, 2)], [])).rejects.toThrow(/vector 1 has 2 dimensions, expected 1/);
    await expect(semanticSearch(vector(1, 0) as unknown as Float32Array[], [])).rejects.toThrow(/expected a list of Float32Array/);
    await expect(semanticSearch([[1, 0]] as unknown as Float32Array[], [])).rejects.toThrow(
      /vector 0: expected a Float32Array, found \[1,0\]/,
    );
    await expect(semanticSearch([vector(1)], [], { topK: 0 })).rejects.toThrow(/topK: expected an integer of at least 1, found 0/);
    await expect(semanticSearch([vector(1)], [], { score: "l2" as "dot" })).rejects.toThrow(
      /score: expected one of "cosine", "dot", found "l2"/,
    );
  });
});

describe("quantizeEmbeddings", () => {
  test("needs a range it can know", () => {
    expect(() => quantizeEmbeddings([Float32Array.of(1, 2)], "int8")).toThrow(/pass `ranges` or `calibration`/);
    expect(() => quantizeEmbeddings([Float32Array.of(1, 2)], "int8", { ranges: [[0, 1]] })).toThrow(/1 ranges for vectors of 2 dimensions/);
    expect(() => quantizeEmbeddings([], "float16" as "int8")).toThrow(/precision: expected/);
    expect(quantizeEmbeddings([], "int8")).toEqual([]);
  });

  test("a dimension that does not vary, and values outside the range", () => {
    const ranges: [number, number][] = [
      [2, 2],
      [0, 255],
    ];
    const [row] = quantizeEmbeddings([Float32Array.of(2, 300)], "uint8", { ranges });
    expect([...row!]).toEqual([0, 255]);
    expect([...quantizeEmbeddings([Float32Array.of(2, -5)], "int8", { ranges })[0]!]).toEqual([-128, -128]);
  });
});
