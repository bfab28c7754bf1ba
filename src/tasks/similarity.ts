/**
 * Similarity of two sets of vectors, all pairs: sentence-transformers' four functions. Larger is more similar, so distances are negative.
 *
 *   cosine  a · b / (|a| |b|)      dot  a · b      euclidean  -|a - b|      manhattan  -Σ |a_c - b_c|
 */

import { checkSameLength, norm } from "./vectors.ts";

export type SimilarityFunction = "cosine" | "dot" | "euclidean" | "manhattan";

const FUNCTIONS: Readonly<Record<SimilarityFunction, (a: Float32Array, b: Float32Array) => number>> = {
  cosine: (a, b) => dot(a, b) / (norm(a) * norm(b)),
  dot,
  euclidean: (a, b) => -Math.sqrt(sumOf(a, b, (difference) => difference * difference)),
  manhattan: (a, b) => -sumOf(a, b, Math.abs),
};

/** @returns scores[i][j] of a[i] and b[j] */
export function similarity(a: readonly Float32Array[], b: readonly Float32Array[], by: SimilarityFunction = "cosine"): Float32Array[] {
  checkSameLength(b, "similarity", checkSameLength(a, "similarity"));
  const score = FUNCTIONS[by];
  return a.map((vector) => Float32Array.from(b, (other) => score(vector, other)));
}

/** The function that config_sentence_transformers.json names; cosine where it names none, or one for several vectors a text (maxsim). */
export function similarityFunctionOf(name: unknown): SimilarityFunction {
  return typeof name === "string" && Object.hasOwn(FUNCTIONS, name) ? (name as SimilarityFunction) : "cosine";
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let c = 0; c < a.length; c++) sum += a[c]! * b[c]!;
  return sum;
}

function sumOf(a: Float32Array, b: Float32Array, term: (difference: number) => number): number {
  let sum = 0;
  for (let c = 0; c < a.length; c++) sum += term(a[c]! - b[c]!);
  return sum;
}
