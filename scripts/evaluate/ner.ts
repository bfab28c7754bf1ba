/**
 * Entity F1 over PER, ORG, LOC: an entity is right when its first word, its last word and its type are right.
 * Words are joined by single spaces and cut at 192 tokens; a word's tag is that of the piece that starts at its first character.
 * The pipeline reads the same text by itself (aggregationStrategy "first") and its entities are matched to words by their offsets.
 */

import { readFileSync } from "node:fs";
import { loadModel, pipeline, Tokenizer } from "../../src/index.ts";
import { labelsOf } from "../../src/tasks/labels.ts";
import { argmax } from "../../src/tasks/scores.ts";
import { DTYPES, type Figure, WITHIN, weights } from "./figures.ts";

const MODEL = "minilm-l6-ner";

interface Sentence {
  readonly words: string[];
  readonly tags: string[];
}

export async function evaluateNer(
  files: readonly (readonly [name: string, file: string])[],
  device: "auto" | "wasm" | "loops" | "reference",
): Promise<Figure[]> {
  const metrics = JSON.parse(readFileSync(`${weights(MODEL)}/metrics.json`, "utf8")) as { w8_dequantised: Record<string, number> };
  const tokenizer = await Tokenizer.load(weights(MODEL));
  const sets = files.map(([name, file]) => ({ name, sentences: readConll(file) }));
  const figures: Figure[] = [];
  for (const dtype of DTYPES) {
    const model = await loadModel(weights(MODEL), { device, dtype });
    const labels = labelsOf(model.config);
    for (const { name, sentences } of sets) {
      const encodings = sentences.map(({ words }) =>
        tokenizer.encode(words.join(" "), null, { truncation: "longest_first", maxLength: 192 }),
      );
      const { logits } = await model.forward(encodings);
      const found = sentences.map(({ words }, i) => {
        const { shape, data } = logits![i]!;
        const K = shape[1]!;
        const tagAt = new Map<number, string>();
        encodings[i]!.offsets.forEach(([start, end], s) => {
          if (end > start && !tagAt.has(start)) tagAt.set(start, labels[argmax(data.subarray(s * K, (s + 1) * K))]!);
        });
        return entities(starts(words).map((start) => tagAt.get(start) ?? "O"));
      });
      figures.push({
        what: `${name} entity F1, ${dtype}`,
        measured: f1(sentences, found),
        expected: metrics.w8_dequantised[`${name}_f1`]!,
        within: WITHIN[dtype],
      });
    }
    model.dispose();
  }
  const recognise = await pipeline("ner", weights(MODEL), { device });
  for (const { name, sentences } of sets) {
    const groups = await recognise(
      sentences.map(({ words }) => words.join(" ")),
      { aggregationStrategy: "first" },
    );
    const found = sentences.map(({ words }, i) => {
      const first = starts(words);
      const last = first.map((start, w) => start + words[w]!.length);
      return new Set(
        groups[i]!.map(
          (group) => `${first.indexOf(group.start)} ${last.indexOf(group.end)} ${(group as { entity_group: string }).entity_group}`,
        ),
      );
    });
    figures.push({ what: `${name} entity F1, pipeline (w8, "first")`, measured: f1(sentences, found) });
  }
  recognise.dispose();
  return figures;
}

function readConll(file: string): Sentence[] {
  return readFileSync(file, "utf8")
    .split(/\n\s*\n/)
    .filter((block) => block.trim() !== "")
    .map((block) => {
      const rows = block.split("\n").filter((row) => row !== "");
      const cells = rows.map((row) => row.split("\t") as [string, string]);
      return { words: cells.map(([word]) => word), tags: cells.map(([, tag]) => tag) };
    });
}

/** Where each word starts in the words joined by single spaces. */
function starts(words: readonly string[]): number[] {
  let position = 0;
  return words.map((word) => {
    const start = position;
    position += word.length + 1;
    return start;
  });
}

/** "first last type" of each entity. A B-, or an I- that continues nothing of its type, starts one. */
function entities(tags: readonly string[]): Set<string> {
  const found = new Set<string>();
  let from = 0;
  let type = "";
  const close = (end: number) => {
    if (type !== "") found.add(`${from} ${end - 1} ${type}`);
    type = "";
  };
  tags.forEach((tag, w) => {
    const tagType = tag.slice(2);
    if (tag === "O" || tag.startsWith("B-") || tagType !== type) {
      close(w);
      if (tag !== "O") [from, type] = [w, tagType];
    }
  });
  close(tags.length);
  return found;
}

function f1(sentences: readonly Sentence[], found: readonly ReadonlySet<string>[]): number {
  let right = 0;
  let expected = 0;
  let claimed = 0;
  sentences.forEach(({ tags }, i) => {
    const gold = entities(tags);
    expected += gold.size;
    claimed += found[i]!.size;
    for (const entity of found[i]!) if (gold.has(entity)) right++;
  });
  return (200 * right) / (expected + claimed);
}
