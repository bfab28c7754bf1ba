/**
 * Exact nearest neighbours: every query is compared with every vector of the corpus.
 *
 *   cosine  q · v / (|q| |v|)        dot  q · v
 *
 * The corpus is read once, in blocks of rows, and may be a stream larger than memory; a heap per query keeps the k best.
 * No index is built: at 384 dimensions a million vectors are 0.8 GFLOP a query. Python: sentence_transformers.util.semantic_search.
 */

import { ConfigError } from "../errors.ts";
import { nextTurn } from "../tensor/turn.ts";
import { TopK } from "./top-k.ts";
import { checkSameLength, norm, normalized, VectorBlock } from "./vectors.ts";

export interface SearchHit {
  corpus_id: number;
  score: number;
}

export interface SemanticSearchOptions {
  /** Hits a query, best first; default 10. */
  topK?: number;
  /** Default "cosine". For vectors of length 1 both are the same, and "dot" is faster. */
  score?: "cosine" | "dot";
}

/** Rows of corpus compared at a time: at C = 384 a block of 256 is 393 kB, so that it stays in L2 over all queries. */
const BLOCK_ROWS = 256;
/** Comparisons (query times row) between two turns of the event loop: some tens of milliseconds. */
const COMPARISONS_A_TURN = 100_000;

/**
 * @returns for each query its hits, best first; of equal scores the lower corpus_id first
 * @throws ShapeError where vectors differ in length, ConfigError for a topK below 1 or an unknown score
 */
export async function semanticSearch(
  queries: readonly Float32Array[],
  corpus: Iterable<Float32Array> | AsyncIterable<Float32Array>,
  options: SemanticSearchOptions = {},
): Promise<SearchHit[][]> {
  const { topK = 10, score = "cosine" } = options;
  if (!Number.isInteger(topK) || topK < 1) throw new ConfigError(`semanticSearch: topK must be an integer of at least 1, got ${topK}`);
  if (score !== "cosine" && score !== "dot")
    throw new ConfigError(`semanticSearch: score must be "cosine" or "dot", got "${String(score)}"`);
  const C = checkSameLength(queries, "semanticSearch queries");
  if (C === undefined) return [];

  const sought = score === "cosine" ? queries.map(normalized) : queries;
  const best = queries.map(() => new TopK(topK));
  const block = new VectorBlock(C, BLOCK_ROWS);
  const norms = new Float64Array(BLOCK_ROWS);
  const scores = new Float64Array(BLOCK_ROWS);
  let firstId = 0;
  const compareBlock = () => {
    sought.forEach((query, q) => {
      block.dot(scores, query);
      const heap = best[q]!;
      for (let r = 0; r < block.rows; r++) {
        const value = score === "cosine" ? scores[r]! / norms[r]! : scores[r]!;
        if (value >= heap.threshold) heap.push(value, firstId + r);
      }
    });
    firstId += block.rows;
    block.clear();
  };

  let comparisons = 0;
  for await (const vector of corpus) {
    checkSameLength([vector], `semanticSearch corpus (vector ${firstId + block.rows})`, C);
    if (score === "cosine") norms[block.rows] = norm(vector);
    block.add(vector);
    if (block.rows < BLOCK_ROWS) continue;
    compareBlock();
    comparisons += BLOCK_ROWS * queries.length;
    if (comparisons >= COMPARISONS_A_TURN) {
      comparisons = 0;
      await nextTurn();
    }
  }
  compareBlock();
  return best.map((heap) => heap.sorted().map(({ id, score }) => ({ corpus_id: id, score: Math.fround(score) })));
}
