/**
 * The passages of an index that are nearest to a query, and of each the sentence that says it best.
 * All vectors are compared, block by block as they come from the disk, so that memory does not grow with the index.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { SentenceEncoder } from "../../tasks/sentence-encoder.ts";
import { VectorScan } from "../../tasks/vector-scan.ts";
import { type Chunk, lineCounter } from "./chunks.ts";
import type { Manifest } from "./manifest.ts";
import { VectorFileReader } from "./vector-file.ts";

export interface Passage {
  readonly file: string;
  /** The line that the snippet starts on, from 1. */
  readonly line: number;
  readonly score: number;
  /** The sentence of the passage that is nearest to the query. */
  readonly snippet: string;
  /** The passage that was compared. */
  readonly text: string;
}

export interface FindOptions {
  readonly folder: string;
  readonly indexFolder: string;
  readonly topK: number;
  readonly signal: AbortSignal;
}

/** For each query its passages, best first. */
export async function* findPassages(
  encoder: SentenceEncoder,
  manifest: Manifest,
  queries: readonly string[],
  options: FindOptions,
): AsyncGenerator<Passage[]> {
  const { folder, indexFolder, signal } = options;
  const vectors = await encoder.encode(queries, { normalize: true, signal });
  const placeOf = placesOf(manifest);
  for (const [q, hits] of (await nearestRows(vectors, join(indexFolder, manifest.vectors), options)).entries()) {
    const passages: Passage[] = [];
    for (const { corpus_id, score } of hits) {
      const { file, chunk } = placeOf(corpus_id);
      const all = await readFile(join(folder, file), "utf8");
      const text = all.slice(chunk.start, chunk.end);
      const { start, end } = await bestSentence(encoder, vectors[q]!, text, signal);
      passages.push({ file, line: lineCounter(all)(chunk.start + start), score, snippet: text.slice(start, end), text });
    }
    yield passages;
  }
}

async function nearestRows(queries: readonly Float32Array[], path: string, { topK, signal }: FindOptions) {
  const reader = await VectorFileReader.open(path);
  try {
    const scan = new VectorScan(queries, reader.dimension, { topK, score: "dot" });
    for (let first = 0; first < reader.rows; first += scan.blockRows) {
      signal.throwIfAborted();
      const count = Math.min(scan.blockRows, reader.rows - first);
      await reader.readInto(scan.rows, first, count);
      scan.compare(count);
    }
    return scan.hits();
  } finally {
    await reader.close();
  }
}

/** File and chunk of a row of the vector file. */
function placesOf(manifest: Manifest): (row: number) => { file: string; chunk: Chunk } {
  const files = Object.entries(manifest.files)
    .filter(([, { chunks }]) => chunks.length > 0)
    .sort(([, a], [, b]) => b.row - a.row);
  return (row) => {
    const [file, { row: first, chunks }] = files.find(([, entry]) => entry.row <= row)!;
    return { file, chunk: chunks[row - first]! };
  };
}

const sentences = new Intl.Segmenter("en", { granularity: "sentence" });

/** The range of the sentence (or line) of the text whose vector is nearest to the query's; of equals the first. */
async function bestSentence(
  encoder: SentenceEncoder,
  query: Float32Array,
  text: string,
  signal: AbortSignal,
): Promise<{ start: number; end: number }> {
  const ranges = sentenceRanges(text);
  if (ranges.length < 2) return ranges[0] ?? { start: 0, end: text.length };
  const vectors = await encoder.encode(
    ranges.map(({ start, end }) => text.slice(start, end)),
    { normalize: true, signal },
  );
  const scan = new VectorScan([query], query.length, { topK: 1, score: "dot", wasm: false });
  // a passage has fewer sentences than tokens, and so fewer than a block has rows
  for (const [n, vector] of vectors.slice(0, scan.blockRows).entries()) scan.rows.set(vector, n * query.length);
  scan.compare(Math.min(vectors.length, scan.blockRows));
  return ranges[scan.hits()[0]![0]!.corpus_id]!;
}

/** Sentences without the space around them; a blank line or a line's end after a heading ends one, too. */
export function sentenceRanges(text: string): { start: number; end: number }[] {
  const ranges: { start: number; end: number }[] = [];
  for (const { segment, index } of sentences.segment(text)) {
    const body = segment.trim();
    if (body === "") continue;
    const start = index + segment.indexOf(body);
    ranges.push({ start, end: start + body.length });
  }
  return ranges;
}
