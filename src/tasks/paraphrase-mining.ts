/**
 * The most similar pairs of a set of vectors: each vector's k nearest neighbours by cosine, each pair once, best first.
 * Every vector is compared with every other, N² / 2 FLOP pairs of C; memory is O(N C + maxPairs). Python: sentence_transformers.util.paraphrase_mining.
 */

import { checkInteger, checkOptions } from "../checks.ts";
import { semanticSearch } from "./semantic-search.ts";
import { TopK } from "./top-k.ts";
import { checkSameLength } from "./vectors.ts";

export interface ParaphraseMiningOptions {
  /** Neighbours considered for each vector; default 100. */
  topK?: number;
  /** Pairs returned at most; default 500,000. */
  maxPairs?: number;
}

/** Queries compared at a time with the whole set, so that their heaps stay small beside the vectors. */
const QUERIES_A_SEARCH = 1000;

/** @returns [cosine, i, j] with i < j, best first */
export async function paraphraseMining(
  vectors: readonly Float32Array[],
  options: ParaphraseMiningOptions = {},
): Promise<[score: number, i: number, j: number][]> {
  const { topK = 100, maxPairs = 500_000 } = checkOptions(options);
  checkInteger(topK, "topK");
  checkInteger(maxPairs, "maxPairs");
  checkSameLength(vectors, "paraphraseMining");
  const N = vectors.length;
  const best = new TopK(maxPairs);
  const seen = new Set<number>();
  for (let first = 0; first < N; first += QUERIES_A_SEARCH) {
    // One more than asked for, since a vector's nearest neighbour is itself.
    const hits = await semanticSearch(vectors.slice(first, first + QUERIES_A_SEARCH), vectors, { topK: topK + 1 });
    hits.forEach((neighbours, q) => {
      const i = first + q;
      for (const { corpus_id: j, score } of neighbours.filter((hit) => hit.corpus_id !== i).slice(0, topK)) {
        const pair = Math.min(i, j) * N + Math.max(i, j);
        if (score < best.threshold || seen.has(pair)) continue;
        seen.add(pair);
        best.push(score, pair);
      }
    });
  }
  return best.sorted().map(({ score, id }) => [score, Math.floor(id / N), id % N]);
}
