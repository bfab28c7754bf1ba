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
  readonly node: string;
  readonly kernels: string;
  readonly date: string;
  /** Measured in the same run. */
  readonly peaks: Peaks;
  readonly rows: readonly BenchRow[];
}

/** Median distances within which two medians are the same: three of both, which normal noise passes once in some hundred times. */
const NOISE = 3;

export function compare(before: string, after: string): void {
  const [a, b] = [before, after].map((file) => JSON.parse(readFileSync(file, "utf8")) as BenchFile);
  const key = ({ job, shape, backend }: BenchRow) => `${backend} ${shape} ${job}`;
  const old = new Map(a!.rows.map((row) => [key(row), row]));
  for (const row of b!.rows) {
    const was = old.get(key(row));
    if (!was) continue;
    const ratio = was.median / row.median;
    const isReal = Math.abs(row.median - was.median) > NOISE * (row.spread + was.spread);
    const verdict = !isReal ? "within the noise" : ratio > 1 ? "faster" : "slower";
    console.log(
      `${key(row).padEnd(52)} ${(was.median * 1e6).toFixed(1).padStart(10)} us ${(row.median * 1e6).toFixed(1).padStart(10)} us  x${ratio.toFixed(2)}  ${verdict}`,
    );
  }
}
