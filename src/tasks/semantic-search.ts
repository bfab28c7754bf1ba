/**
 * Exact nearest neighbours: every query is compared with every vector of the corpus.
 *
 *   cosine  q · v / (|q| |v|)        dot  q · v
 *
 * The corpus is read once, in blocks of rows, and may be a stream larger than memory; a heap per query keeps the k best (vector-scan.ts).
 * No index is built: at 384 dimensions a million vectors are 0.8 GFLOP a query. Python: sentence_transformers.util.semantic_search.
 */

import { checkInteger, checkIterable, checkOneOf, checkOptions } from "../checks.ts";
import { nextTurn } from "../tensor/turn.ts";
import { VectorScan } from "./vector-scan.ts";
import { checkSameLength } from "./vectors.ts";

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

/** Comparisons (query times row) between two turns of the event loop: some milliseconds of wasm, some tens of JavaScript. */
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
  const { topK = 10, score = "cosine" } = checkOptions(options);
  checkInteger(topK, "topK");
  checkOneOf(score, "score", ["cosine", "dot"]);
  checkIterable(corpus, "corpus", "an iterable of Float32Array, one a text");
  const C = checkSameLength(queries, "semanticSearch queries");
  if (C === undefined) return [];

  const scan = new VectorScan(queries, C, { topK, score });
  let waiting = 0;
  let firstId = 0;
  let comparisons = 0;
  const compare = () => {
    scan.compare(waiting);
    firstId += waiting;
    comparisons += waiting * queries.length;
    waiting = 0;
  };
  /** @returns true when the event loop should get a turn */
  const add = (vector: Float32Array): boolean => {
    if (!(vector instanceof Float32Array) || vector.length !== C)
      checkSameLength([vector], `semanticSearch corpus (vector ${firstId + waiting})`, C);
    scan.rows.set(vector, waiting * C);
    waiting++;
    if (waiting < scan.blockRows) return false;
    compare();
    if (comparisons < COMPARISONS_A_TURN) return false;
    comparisons = 0;
    return true;
  };
  if (Symbol.iterator in corpus) {
    for (const vector of corpus) if (add(vector)) await nextTurn(); // an await a vector would cost as much as comparing it
  } else {
    for await (const vector of corpus) if (add(vector)) await nextTurn();
  }
  compare();
  return scan.hits();
}
