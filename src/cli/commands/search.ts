/** `hummingbert search`: passages of a folder's text files by meaning, over an index kept on disk. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { DEFAULT_ENCODER } from "../../tasks/defaults.ts";
import { type Command, integerOption, stringOption } from "../command.ts";
import { checkInput } from "../input.ts";
import { engineOptions, modelOption } from "../loading.ts";
import { type Output, score } from "../output.ts";
import { notice, ProgressLine } from "../progress.ts";
import { allTexts } from "../records.ts";
import type { Passage } from "../search/find-passages.ts";
import { INDEX_FOLDER } from "../search/manifest.ts";

export const search: Command = {
  name: "search",
  summary: "find passages of a folder's text files by meaning",
  usage: "QUERY... [--in FOLDER]",
  details: `Keeps an index in FOLDER/${INDEX_FOLDER}: only new and changed files are embedded again. Without a query the index is brought up to date.
Queries are arguments, or with --file (- for standard input) one a line. Each hit is the file, the line, the score and the sentence that says it best.
With --json a line a hit: {"query", "file", "line", "score", "snippet", "text"}; text is the whole passage.`,
  options: { in: { type: "string" }, index: { type: "string" }, "top-k": { type: "string" }, rebuild: { type: "boolean" } },
  optionHelp: [
    ["--in FOLDER", "the folder to search (default: this one)"],
    ["--index FOLDER", `where the index is kept (default: ${INDEX_FOLDER} in the folder)`],
    ["--top-k N", "how many passages a query (default 5)"],
    ["--rebuild", "embed everything again"],
  ],
  examples: [
    'hummingbert search "how do bats survive the winter" --in ./notes',
    "hummingbert search --in ./notes --rebuild",
    "hummingbert search --in ./notes --file questions.txt --json",
  ],
  async run(invocation) {
    const { texts, values, output, signal } = invocation;
    const folder = stringOption(values, "in") ?? ".";
    const indexFolder = stringOption(values, "index") ?? join(folder, INDEX_FOLDER);
    const topK = integerOption(values, "top-k") ?? 5;
    if (!existsSync(folder)) throw new Error(`no such folder: ${folder}`);
    const asks = texts.length > 0 || values.file !== undefined;
    if (asks) await checkInput(invocation);
    const queries = asks ? await allTexts(invocation) : [];
    const { SentenceEncoder } = await import("../../tasks/sentence-encoder.ts");
    const { updateIndex } = await import("../search/update-index.ts");
    const { findPassages } = await import("../search/find-passages.ts");
    const source = modelOption(invocation);
    const encoder = await SentenceEncoder.load(source, await engineOptions(invocation));
    const progress = new ProgressLine(values.quiet === true);
    try {
      const { manifest, embedded, kept } = await updateIndex(encoder, {
        folder,
        indexFolder,
        model: source === undefined ? DEFAULT_ENCODER : modelName(source),
        rebuild: values.rebuild === true,
        signal,
        onFile: (path, done, total, passages) =>
          progress.note(`indexing ${done + 1} of ${total}: ${path}${passages > 0 ? `, ${passages} passages` : ""}`),
        onSkip: (path, reason) => notice(`${path}: ${reason}; left out`),
      });
      progress.clear();
      if (!asks) {
        const passages = Object.values(manifest.files).reduce((sum, { chunks }) => sum + chunks.length, 0);
        if (output.json) return output.object({ files: embedded + kept, embedded, kept, passages });
        return output.line(`${embedded + kept} files, ${passages} passages; ${embedded} embedded, ${kept} unchanged`);
      }
      let q = 0;
      for await (const passages of findPassages(encoder, manifest, queries, { folder, indexFolder, topK, signal })) {
        await print(output, queries[q++]!, passages, queries.length > 1);
      }
    } finally {
      progress.clear();
      encoder.dispose();
    }
  },
};

async function print(output: Output, query: string, passages: readonly Passage[], withQuery: boolean): Promise<void> {
  if (output.json) {
    for (const passage of passages) await output.object({ query, ...passage });
    return;
  }
  if (withQuery) await output.line(output.paint("bold", output.plain(query)));
  for (const { file, line, score: value, snippet } of passages) {
    const where = output.plain(`${file}:${line}`);
    await output.line(
      `${output.paint("green", score(value))}  ${output.paint("cyan", where)}  ${output.clip(snippet, where.length + 10).slice(0, 300)}`,
    );
  }
}

/** A folder is known by its full path, so that the index notices another model of the same name. */
function modelName(source: string): string {
  return /^[./~\\]|^[a-z]:/i.test(source) ? resolve(source) : source;
}
