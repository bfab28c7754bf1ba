/** Search with the wasm kernel and without must give the same hits to the last bit, also where f32 sums mislead. */
import { describe, expect, test } from "vitest";
import { errorFactor } from "../../src/kernels/row-scan.ts";
import { semanticSearch } from "../../src/tasks/semantic-search.ts";
import { VectorScan } from "../../src/tasks/vector-scan.ts";

/** Mulberry32, in [-1, 1). */
function randomRows(N: number, C: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: N * C }, () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  });
}

function scanned(rows: Float32Array, queries: Float32Array[], C: number, score: "cosine" | "dot", wasm: boolean, topK = 10) {
  const scan = new VectorScan(queries, C, { topK, score, wasm });
  const N = rows.length / C;
  for (let first = 0; first < N; first += scan.blockRows) {
    const count = Math.min(scan.blockRows, N - first);
    scan.rows.set(rows.subarray(first * C, (first + count) * C));
    scan.compare(count);
  }
  return scan.hits();
}

const queriesOf = (C: number) => {
  const rows = randomRows(3, C, 99);
  return [0, 1, 2].map((q) => rows.slice(q * C, (q + 1) * C));
};

describe("VectorScan", () => {
  test.each([1, 3, 16, 100, 384])("%i dimensions: the kernel's hits have the bits of float64's", (C) => {
    const rows = randomRows(700, C, C);
    for (const score of ["cosine", "dot"] as const) {
      const fast = scanned(rows, queriesOf(C), C, score, true);
      expect(fast).toEqual(scanned(rows, queriesOf(C), C, score, false));
      expect(fast[0]).toHaveLength(10);
    }
  });

  test("rows that differ by less than f32 sums can tell, equal rows, and extreme magnitudes", () => {
    const C = 384;
    const base = randomRows(1, C, 5);
    const rows = new Float32Array(600 * C);
    for (let n = 0; n < 600; n++) {
      rows.set(base, n * C);
      if (n % 3 === 1) rows[n * C + (n % C)]! *= 1 + 2 ** -23 * (n % 7);
      if (n % 50 === 2) rows.fill(0, n * C, (n + 1) * C);
      if (n % 50 === 3) for (let c = 0; c < C; c++) rows[n * C + c]! *= 1e-30;
      if (n % 50 === 4) for (let c = 0; c < C; c++) rows[n * C + c]! *= 1e25;
    }
    for (const score of ["cosine", "dot"] as const) {
      const queries = [base, base.map((value) => -value), base.map((value) => value * 1e20)];
      expect(scanned(rows, queries, C, score, true)).toEqual(scanned(rows, queries, C, score, false));
    }
  });

  test("of equal scores the lower id comes first, across blocks", async () => {
    const row = Float32Array.of(0.6, 0.8);
    const corpus = Array.from({ length: 1000 }, (_, n) => (n % 4 === 3 ? Float32Array.of(-1, 0) : row.slice()));
    const [hits] = await semanticSearch([row], corpus, { topK: 5 });
    expect(hits!.map(({ corpus_id }) => corpus_id)).toEqual([0, 1, 2, 4, 5]);
  });

  test("an array and a stream of the same vectors give the same hits", async () => {
    const C = 24;
    const rows = randomRows(600, C, 8);
    const corpus = Array.from({ length: 600 }, (_, n) => rows.slice(n * C, (n + 1) * C));
    async function* stream() {
      yield* corpus;
    }
    const hits = await semanticSearch(queriesOf(C), corpus);
    expect(await semanticSearch(queriesOf(C), stream())).toEqual(hits);
    expect(scanned(rows, queriesOf(C), C, "cosine", false)).toEqual(hits);
  });

  test("searches that run at the same time, and one after another, do not disturb each other", async () => {
    const C = 64;
    const rows = randomRows(600, C, 21);
    const corpus = Array.from({ length: 600 }, (_, n) => rows.slice(n * C, (n + 1) * C));
    async function* slowly() {
      for (const row of corpus) {
        await undefined;
        yield row;
      }
    }
    const queries = queriesOf(C);
    const alone = await Promise.all(queries.map((query) => scanned(rows, [query], C, "cosine", false)[0]));
    const together = await Promise.all(queries.map((query) => semanticSearch([query], slowly())));
    expect(together.map(([hits]) => hits)).toEqual(alone);
    for (const [q, query] of queries.entries()) expect((await semanticSearch([query], corpus))[0]).toEqual(alone[q]);
    const scan = new VectorScan(queries, C, { topK: 1, score: "dot" });
    scan.hits();
    expect(() => scan.compare(1)).toThrow("compare after hits");
  });

  test("the error bound is small beside the scores of unit vectors", () => {
    expect(errorFactor(384)).toBeLessThan(3e-6);
  });
});

test.each([true, false])("a row with NaN is a hit above all, as torch.topk has it (wasm: %s)", (wasm) => {
  const scan = new VectorScan([new Float32Array([1, 0])], 2, { topK: 2, score: "cosine", wasm });
  scan.rows.set([1, 0, 0, 1, Number.NaN, 0, 1, 1]);
  scan.compare(4);
  expect(scan.hits()[0]!.map(({ corpus_id }) => corpus_id)).toEqual([2, 0]);
});
