// What every runtime is asked: the vectors of real texts by the tiny encoder, against sentence-transformers' (expected.json).
// Nothing here but the language and the package's own names, so that one file serves Node, Deno, Bun, pages, workers and edge functions.

/** The largest difference that counts as right; sentence-transformers ran in float32, vectors are of size 1. */
export const TOLERANCE = 1e-5;

/**
 * @param SentenceEncoder of the package under test
 * @param source the tiny encoder as a folder, URL or Map of files
 * @param expected expected.json, parsed
 * @returns what the runner prints: the backend that ran, and the largest difference
 */
export async function embed(SentenceEncoder, source, expected, options = {}) {
  const encoder = await SentenceEncoder.load(source, options);
  const vectors = await encoder.encode(expected.texts);
  const device = encoder.model.device;
  encoder.dispose();
  if (vectors.length !== expected.vectors.length) throw new Error(`${vectors.length} vectors for ${expected.vectors.length} texts`);
  const worst = Math.max(...vectors.map((vector, i) => largestDifference(vector, expected.vectors[i])));
  return { device, worst };
}

function largestDifference(found, expected) {
  if (found.length !== expected.length) throw new Error(`a vector of ${found.length}, expected ${expected.length}`);
  return Math.max(...expected.map((value, c) => Math.abs(value - found[c]))); // NaN if any value is
}
