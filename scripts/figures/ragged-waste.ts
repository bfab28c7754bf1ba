/** The rows that a batch computes: every text at its own length, against every text padded to the longest. */
import { BLUE, FAINT, Figure, GRID } from "./svg.ts";

const WIDTH = 620;
const BAR = 4;
const LEFT = 20;
const TOP = 62;
const SORTED_BATCH = 8;

/** The mix of bench/forward.ts: 64 texts, 90% of 8 to 24 tokens, 10% of 200 to 256. */
export function raggedLengths(): number[] {
  return Array.from({ length: 64 }, (_, i) => (i % 10 === 9 ? 200 + ((i * 37) % 57) : 8 + ((i * 13) % 17)));
}

/** Rows computed when texts go in batches of `size`, each padded to its longest. */
export function paddedRows(lengths: readonly number[], size: number): number {
  let rows = 0;
  for (let first = 0; first < lengths.length; first += size) {
    const batch = lengths.slice(first, first + size);
    rows += batch.length * Math.max(...batch);
  }
  return rows;
}

export interface Waste {
  readonly real: number;
  readonly padded: number;
  readonly sorted: number;
}

export function wasteOf(lengths: readonly number[]): Waste {
  const descending = [...lengths].sort((a, b) => b - a);
  return {
    real: lengths.reduce((a, b) => a + b),
    padded: paddedRows(lengths, lengths.length),
    sorted: paddedRows(descending, SORTED_BATCH),
  };
}

export function drawRaggedWaste(): Figure {
  const lengths = raggedLengths();
  const { real, padded, sorted } = wasteOf(lengths);
  const longest = Math.max(...lengths);
  const scale = (WIDTH - 2 * LEFT) / longest;
  const figure = new Figure(
    WIDTH,
    TOP + lengths.length * BAR + 70,
    "Real tokens of 64 texts against the padding that a rectangular batch would add",
  );
  figure.text(LEFT, 24, `64 texts, 8 to ${longest} tokens`, { bold: true });
  figure.rect(LEFT, 34, 12, 12, BLUE);
  figure.text(LEFT + 18, 45, `tokens: ${real.toLocaleString("en")}`);
  figure.rect(LEFT + 130, 34, 12, 12, GRID);
  figure.text(LEFT + 148, 45, `padding: ${(padded - real).toLocaleString("en")}`);
  lengths.forEach((S, i) => {
    const y = TOP + i * BAR;
    figure.rect(LEFT, y, S * scale, BAR - 1, BLUE);
    figure.rect(LEFT + S * scale, y, (longest - S) * scale, BAR - 1, GRID);
  });
  const below = TOP + lengths.length * BAR + 22;
  const times = (rows: number) => `${rows.toLocaleString("en")} rows, ${(rows / real).toFixed(2)} times the tokens`;
  figure.text(LEFT, below, `padded in one batch: ${times(padded)}`, { color: FAINT });
  figure.text(LEFT, below + 18, `sorted by length, padded in batches of ${SORTED_BATCH}: ${times(sorted)}`, { color: FAINT });
  figure.text(LEFT, below + 36, `ragged: ${times(real)}`, { color: FAINT });
  return figure;
}
