/** STS-B test: Spearman's rank correlation of cosine similarities with the gold scores, 1,379 pairs; ties share their mean rank. */

import { readFileSync } from "node:fs";
import { SentenceEncoder } from "../../src/index.ts";
import { type Figure, weights } from "./figures.ts";

export async function evaluateSts(
  file: string,
  official: string | undefined,
  device: "auto" | "wasm" | "loops" | "reference",
): Promise<Figure[]> {
  const rows = readFileSync(file, "utf8")
    .split("\n")
    .filter((row) => row !== "")
    .map(readCsv);
  const figures: Figure[] = [];
  const models = [
    ["f32, official file", official, "f32", 82.03, 0.01],
    ["w8, weights/all-MiniLM-L6-v2", weights("all-MiniLM-L6-v2"), "w8", 81.98, 0.1],
  ] as const;
  for (const [name, source, dtype, expected, within] of models) {
    if (source === undefined) continue;
    const encoder = await SentenceEncoder.load(source, { device, dtype });
    const a = await encoder.encode(rows.map(([first]) => first!));
    const b = await encoder.encode(rows.map(([, second]) => second!));
    const cosines = a.map((vector, i) => vector.reduce((sum, value, c) => sum + value * b[i]![c]!, 0));
    figures.push({
      what: `STS-B Spearman, ${name}`,
      measured:
        100 *
        spearman(
          cosines,
          rows.map(([, , score]) => Number(score)),
        ),
      expected,
      within,
    });
    encoder.dispose();
  }
  return figures;
}

/** One row of CSV with quoted fields. */
function readCsv(row: string): string[] {
  return [...row.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain!);
}

function spearman(x: readonly number[], y: readonly number[]): number {
  return pearson(ranks(x), ranks(y));
}

function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const rank = new Array<number>(values.length);
  for (let first = 0; first < order.length; ) {
    let end = first;
    while (end < order.length && values[order[end]!] === values[order[first]!]) end++;
    for (let k = first; k < end; k++) rank[order[k]!] = (first + end - 1) / 2;
    first = end;
  }
  return rank;
}

function pearson(x: readonly number[], y: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(x), mean(y)];
  const covariance = x.reduce((sum, value, i) => sum + (value - mx) * (y[i]! - my), 0);
  const spread = (values: readonly number[], m: number) => Math.sqrt(values.reduce((sum, value) => sum + (value - m) ** 2, 0));
  return covariance / (spread(x, mx) * spread(y, my));
}
