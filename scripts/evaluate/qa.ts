/**
 * XQuAD English: exact match and token F1 with SQuAD's normalisation (lower case, no punctuation, no articles), the best over the gold answers.
 * Scoring of metrics.json: question + paragraph cut at 384 pieces, best start + end logit inside the paragraph, at most 15 pieces.
 */

import { readFileSync } from "node:fs";
import { loadModel, pipeline, Tokenizer } from "../../src/index.ts";
import { DTYPES, type Figure, WITHIN, weights } from "./figures.ts";

const MODEL = "minilm-l6-qa";
const MAX_PIECES = 15;

interface Item {
  readonly question: string;
  readonly context: string;
  readonly answers: readonly string[];
}
interface SquadFile {
  data: { paragraphs: { context: string; qas: { question: string; answers: { text: string }[] }[] }[] }[];
}

export async function evaluateQa(file: string, device: "auto" | "wasm" | "loops" | "reference"): Promise<Figure[]> {
  const metrics = JSON.parse(readFileSync(`${weights(MODEL)}/metrics.json`, "utf8")) as { w8_dequantised: Record<string, number> };
  const { xquad_en_exact: exact, xquad_en_f1: f1 } = metrics.w8_dequantised as { xquad_en_exact: number; xquad_en_f1: number };
  const items = (JSON.parse(readFileSync(file, "utf8")) as SquadFile).data.flatMap(({ paragraphs }) =>
    paragraphs.flatMap(({ context, qas }) =>
      qas.map(({ question, answers }): Item => ({ question, context, answers: answers.map(({ text }) => text) })),
    ),
  );
  const tokenizer = await Tokenizer.load(weights(MODEL));
  const encodings = items.map(({ question, context }) =>
    tokenizer.encode(question, context, { truncation: "only_second", maxLength: 384 }),
  );
  const figures: Figure[] = [];
  for (const dtype of DTYPES) {
    const model = await loadModel(weights(MODEL), { device, dtype });
    const { startLogits, endLogits } = await model.forward(encodings);
    const found = items.map(({ context }, i) => {
      const [s, e] = bestSpan(startLogits![i]!.data, endLogits![i]!.data, encodings[i]!.sequenceIds);
      return context.slice(encodings[i]!.offsets[s]![0], encodings[i]!.offsets[e]![1]);
    });
    const score = scoreOf(items, found);
    figures.push({ what: `XQuAD exact match, ${dtype}`, measured: score.exact, expected: exact, within: WITHIN[dtype] });
    figures.push({ what: `XQuAD F1, ${dtype}`, measured: score.f1, expected: f1, within: WITHIN[dtype] });
    model.dispose();
  }
  const ask = await pipeline("question-answering", weights(MODEL), { device });
  const answers = (await ask(items.map(({ question, context }) => ({ question, context })))) as { answer: string }[];
  const score = scoreOf(
    items,
    answers.map(({ answer }) => answer),
  );
  figures.push(
    { what: "XQuAD exact match, pipeline (w8)", measured: score.exact },
    { what: "XQuAD F1, pipeline (w8)", measured: score.f1 },
  );
  ask.dispose();
  return figures;
}

function bestSpan(start: Float32Array, end: Float32Array, sequenceIds: readonly (0 | 1 | null)[]): [number, number] {
  let best = Number.NEGATIVE_INFINITY;
  let span: [number, number] = [0, 0];
  for (let s = 0; s < start.length; s++) {
    if (sequenceIds[s] !== 1) continue;
    for (let e = s; e < Math.min(s + MAX_PIECES, start.length) && sequenceIds[e] === 1; e++) {
      if (start[s]! + end[e]! > best) {
        best = start[s]! + end[e]!;
        span = [s, e];
      }
    }
  }
  return span;
}

function scoreOf(items: readonly Item[], found: readonly string[]): { exact: number; f1: number } {
  let exact = 0;
  let f1 = 0;
  items.forEach(({ answers }, i) => {
    const words = normalise(found[i]!);
    const golds = answers.map(normalise);
    exact += Math.max(...golds.map((gold) => Number(gold.join(" ") === words.join(" "))));
    f1 += Math.max(...golds.map((gold) => overlap(words, gold)));
  });
  return { exact: (100 * exact) / items.length, f1: (100 * f1) / items.length };
}

const PUNCTUATION = /[!-/:-@[-`{-~]/g; // Python's string.punctuation

function normalise(text: string): string[] {
  return text
    .toLowerCase()
    .replace(PUNCTUATION, "")
    .replace(/\b(a|an|the)\b/gu, " ")
    .split(/\s+/)
    .filter((word) => word !== "");
}

function overlap(words: readonly string[], gold: readonly string[]): number {
  if (words.length === 0 || gold.length === 0) return Number(words.length === gold.length);
  const left = [...gold];
  const common = words.filter((word) => {
    const at = left.indexOf(word);
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  }).length;
  return (2 * common) / (words.length + gold.length);
}
