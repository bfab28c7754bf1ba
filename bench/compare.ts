/** Two result files of `npm run bench -- --json` side by side: which differences are larger than the noise of both. */
import { readFileSync } from "node:fs";
import type { Peaks } from "./peak.ts";

export interface BenchRow {
  readonly job: string;
  readonly shape: string;
  readonly backend: string;
  /** Seconds a call: the median, and the median distance from it. */
  readonly median: number;
  readonly spread: number;
  readonly gflops: number;
  readonly gbs: number;
  /** Share of the machine's peak, 0..1, for products. */
  readonly ofPeak?: number;
}
export interface BenchFile {
  /** The processor's name; files from before it was kept lack it. */
  readonly machine?: string;
  readonly node: string;
  readonly kernels: string;
  readonly date: string;
  /** Measured in the same run. */
  readonly peaks: Peaks;
  readonly rows: readonly BenchRow[];
}

/** Median distances within which two medians are the same: three of both, which normal noise passes once in some hundred times. */
const NOISE = 3;

/** Lines of a table: every operation of both files; before it where they differ in more than the code, after it what only one has. @throws Error for other files */
export function compare(before: string, after: string): string[] {
  const [a, b] = [readBench(before), readBench(after)];
  const old = new Map(a.rows.map((row) => [key(row), row]));
  const now = new Map(b.rows.map((row) => [key(row), row]));
  const both = b.rows.filter((row) => old.has(key(row)));
  if (both.length === 0) throw new Error(`--compare: ${before} and ${after} have no operation in common`);
  const only = (file: string, rows: readonly BenchRow[], other: ReadonlyMap<string, BenchRow>) =>
    rows.filter((row) => !other.has(key(row))).map((row) => `${key(row).padEnd(56)} only in ${file}`);
  return [
    ...conditions(a, b),
    ...both.map((row) => verdict(old.get(key(row))!, row)),
    ...only(before, a.rows, now),
    ...only(after, b.rows, old),
  ];
}

const key = ({ job, shape, backend }: BenchRow) => `${backend} ${shape} ${job}`;

function verdict(was: BenchRow, row: BenchRow): string {
  const ratio = was.median / row.median;
  const isReal = Math.abs(row.median - was.median) > NOISE * (row.spread + was.spread);
  const words = !isReal ? "within the noise" : ratio > 1 ? "faster" : "slower";
  return `${key(row).padEnd(56)} ${(was.median * 1e6).toFixed(1).padStart(10)} us ${(row.median * 1e6).toFixed(1).padStart(10)} us  x${ratio.toFixed(2)}  ${words}`;
}

/** What else than the code may be the cause of a difference. */
function conditions(a: BenchFile, b: BenchFile): string[] {
  return (["machine", "node", "kernels"] as const).flatMap((what) =>
    a[what] === b[what] ? [] : [`NOTE: ${what} differs: ${a[what] ?? "not told"}, then ${b[what] ?? "not told"}`],
  );
}

function readBench(path: string): BenchFile {
  const problem = (what: string) => new Error(`--compare: ${path} ${what}; expected a file that --json FILE.json wrote`);
  let file: Partial<BenchFile> | null;
  try {
    file = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw problem(`cannot be read (${(error as Error).message})`);
  }
  const isRow = (row: Partial<BenchRow> | null) =>
    [row?.job, row?.shape, row?.backend].every((name) => typeof name === "string") &&
    [row?.median, row?.spread].every((seconds) => Number.isFinite(seconds));
  if (!Array.isArray(file?.rows) || !file.rows.every(isRow)) throw problem("has no rows of operations");
  return file as BenchFile;
}
