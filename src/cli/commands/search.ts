/** `hummingbert search`: passages of a folder's text files by meaning, over an index kept on disk. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { DEFAULT_ENCODER } from "../../tasks/defaults.ts";
import { semanticSearch } from "../../tasks/semantic-search.ts";
import { SentenceEncoder } from "../../tasks/sentence-encoder.ts";
import { type Command, integerOption, stringOption, UsageError } from "../command.ts";
import { loadOptions, modelOption } from "../loading.ts";
import { type Output, score } from "../output.ts";
import { ProgressLine } from "../progress.ts";
import type { Chunk } from "../search/chunks.ts";
import { INDEX_FOLDER, type Manifest } from "../search/manifest.ts";
import { updateIndex } from "../search/update-index.ts";
import { VectorFileReader } from "../search/vector-file.ts";

export const search: Command = {
  name: "search",
  summary: "find passages of a folder's text files by meaning",
  usage: "QUERY... [--in FOLDER]",
  details: `Keeps an index in FOLDER/${INDEX_FOLDER}: only new and changed files are embedded again. Without a query the index is brought up to date.\nWith --json a line a hit: {"query", "file", "line", "score", "text"}.`,
  options: { in: { type: "string" }, index: { type: "string" }, "top-k": { type: "string" }, rebuild: { type: "boolean" } },
  optionHelp: [
    ["--in FOLDER", "the folder to search (default: this one)"],
    ["--index FOLDER", `where the index is kept (default: ${INDEX_FOLDER} in the folder)`],
    ["--top-k N", "how many passages a query (default 5)"],
    ["--rebuild", "embed everything again"],
  ],
  examples: ['hummingbert search "how do bats survive the winter" --in ./notes', "hummingbert search --in ./notes --rebuild"],
  async run(invocation) {
    const { texts, values, output, signal } = invocation;
    const folder = stringOption(values, "in") ?? ".";
    const indexFolder = stringOption(values, "index") ?? join(folder, INDEX_FOLDER);
    const topK = integerOption(values, "top-k") ?? 5;
    if (values.file !== undefined) throw new UsageError("search takes its query as an argument and its files from --in FOLDER");
    const source = modelOption(invocation);
    const encoder = await SentenceEncoder.load(source, loadOptions(invocation));
    const progress = new ProgressLine(values.quiet === true);
    try {
      const { manifest, embedded, kept } = await updateIndex(encoder, {
        folder,
        indexFolder,
        model: source === undefined ? DEFAULT_ENCODER : modelName(source),
        rebuild: values.rebuild === true,
        signal,
        onFile: (path, done, total) => progress.note(`indexing ${done + 1} of ${total}: ${path}`),
        onSkip: (path, reason) => {
          progress.clear();
          process.stderr.write(`${path}: ${reason}; left out\n`);
        },
      });
      progress.clear();
      if (texts.length === 0) {
        const passages = Object.values(manifest.files).reduce((sum, { chunks }) => sum + chunks.length, 0);
        if (output.json) return output.object({ files: embedded + kept, embedded, kept, passages });
        return output.line(`${embedded + kept} files, ${passages} passages; ${embedded} embedded, ${kept} unchanged`);
      }
      await answer(encoder, manifest, indexFolder, folder, texts, topK, output);
    } finally {
      progress.clear();
      encoder.dispose();
    }
  },
};

/** A folder is known by its full path, so that the index notices another model of the same name. */
function modelName(source: string): string {
  return /^[./~\\]|^[a-z]:/i.test(source) ? resolve(source) : source;
}

async function answer(
  encoder: SentenceEncoder,
  manifest: Manifest,
  indexFolder: string,
  folder: string,
  queries: readonly string[],
  topK: number,
  output: Output,
): Promise<void> {
  const places = placesOf(manifest);
  const reader = await VectorFileReader.open(join(indexFolder, manifest.vectors));
  try {
    const vectors = await encoder.encode(queries, { normalize: true });
    const results = await semanticSearch(vectors, reader.vectors(), { topK, score: "dot" });
    for (const [q, hits] of results.entries()) {
      if (!output.json && queries.length > 1) await output.line(output.paint("bold", queries[q]!));
      for (const hit of hits) {
        const { file, chunk } = places(hit.corpus_id);
        const text = (await readFile(join(folder, file), "utf8")).slice(chunk.start, chunk.end);
        if (output.json) {
          await output.object({ query: queries[q], file, line: chunk.line, score: hit.score, text });
        } else {
          const where = `${file}:${chunk.line}`;
          await output.line(
            `${output.paint("green", score(hit.score))}  ${output.paint("cyan", where)}  ${output.clip(text.trim(), where.length + 10).slice(0, 300)}`,
          );
        }
      }
    }
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
