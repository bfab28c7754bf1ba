/**
 * `npm run demo [FILE...]`: the main job on the embedded weights, offline: similarity, search, sentiment, names and an answer.
 * Search runs over the given text files, else over a small file of the repository.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { endWithOutput } from "../src/cli/output-end.ts";
import { enableExperimentalSimd, pipeline, SentenceEncoder, semanticSearch } from "../src/index.ts";

endWithOutput("demo");

const root = fileURLToPath(new URL("..", import.meta.url));
const coloured = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code: number, text: string) => (coloured ? `\u001b[${code}m${text}\u001b[0m` : text);
const title = (text: string, note: string) => console.log(`\n${paint(1, text)}  ${paint(2, note)}`);
const seconds = (ms: number) => (ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(2)} s`);

async function timed<T>(task: () => Promise<T>): Promise<[T, string]> {
  const start = performance.now();
  const result = await task();
  return [result, seconds(performance.now() - start)];
}

const SENTENCES = [
  "A hummingbird hovers over a flower.",
  "A tiny bird drinks nectar in the garden.",
  "The parliament passed the new budget.",
  "Lawmakers agreed on next year's spending.",
  "My laptop will not start this morning.",
];

async function main(files: readonly string[]): Promise<void> {
  const simd = enableExperimentalSimd();
  const [encoder, loading] = await timed(() => SentenceEncoder.load());
  console.log(`${paint(36, "hummingbert")}  all-MiniLM-L6-v2, int8 weights, loaded in ${loading}; kernels: ${simd.kernels}`);

  const [vectors, encoding] = await timed(() => encoder.encode(SENTENCES));
  title("How near are these sentences?", `cosine similarity, ${encoding}`);
  for (const [i, row] of encoder.similarity(vectors, vectors).entries()) {
    const cells = [...row].map((value) => paint(value > 0.5 ? 32 : value > 0.25 ? 36 : 2, value.toFixed(2).padStart(5)));
    console.log(`${cells.join(" ")}  ${SENTENCES[i]}`);
  }

  const passages = (files.length > 0 ? files : [`${root}scripts/demo.txt`]).flatMap(passagesOf);
  const question = "How do small animals survive cold nights?";
  const [hits, searching] = await timed(async () => {
    const corpus = await encoder.encode(passages.map(({ text }) => text));
    return (await semanticSearch([await encoder.encode(question)], corpus, { topK: 3 }))[0]!;
  });
  title(`Search: ${question}`, `${passages.length} passages embedded and searched in ${searching}`);
  for (const { corpus_id, score } of hits) {
    const { where, text } = passages[corpus_id]!;
    console.log(`${paint(32, score.toFixed(3))}  ${paint(2, where)}  ${text.length > 110 ? `${text.slice(0, 109)}…` : text}`);
  }
  encoder.dispose();

  await showTasks();
}

async function showTasks(): Promise<void> {
  const classify = await pipeline("sentiment-analysis");
  const reviews = ["A tender, funny film that I will watch again.", "Two hours of my life that nobody will give back."];
  const [labels, classifying] = await timed(() => classify(reviews));
  title("Sentiment", classifying);
  labels.forEach(({ label, score }, i) => {
    console.log(`${paint(label === "POSITIVE" ? 32 : 31, label.padEnd(8))} ${score.toFixed(3)}  ${reviews[i]}`);
  });
  classify.dispose();

  const tag = await pipeline("ner");
  const text = "Ada Lovelace met Charles Babbage in London and later wrote about his work at the Royal Society.";
  const [entities, tagging] = await timed(() => tag(text, { aggregationStrategy: "simple" }));
  title("Names", tagging);
  let marked = "";
  let at = 0;
  for (const { entity_group, start, end } of entities) {
    marked += text.slice(at, start) + paint(1, text.slice(start, end)) + paint(33, `[${entity_group}]`);
    at = end;
  }
  console.log(marked + text.slice(at));
  tag.dispose();

  const answer = await pipeline("question-answering");
  const context = readFileSync(`${root}scripts/demo.txt`, "utf8");
  const question = "What do hummingbirds enter at night?";
  const [{ answer: span, score, start }, reading] = await timed(() => answer({ question, context }));
  title(`Question: ${question}`, reading);
  console.log(`${paint(32, span)}  ${score.toFixed(3)}  ${paint(2, `at character ${start} of demo.txt`)}`);
  answer.dispose();
}

/** Paragraphs of a text file, with the line they start at. */
function passagesOf(file: string): { where: string; text: string }[] {
  const passages: { where: string; text: string }[] = [];
  let lines: string[] = [];
  let first = 1;
  const name = file.split(/[\\/]/).pop()!;
  [...readFileSync(file, "utf8").split(/\r?\n/), ""].forEach((line, i) => {
    if (line.trim() !== "") {
      if (lines.length === 0) first = i + 1;
      lines.push(line.trim());
    } else if (lines.length > 0) {
      passages.push({ where: `${name}:${first}`, text: lines.join(" ") });
      lines = [];
    }
  });
  return passages;
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
