/** What --publish measures and --report shows: one JSON file beside the figures, and where both lie. */
import type { BenchFile } from "../compare.ts";
import type { Peaks } from "../peak.ts";
import type { ColdRow } from "./cold.ts";
import type { Run } from "./rounds.ts";
import type { SizeRow } from "./sizes.ts";

export interface Shape {
  readonly name: string;
  readonly dtype: "f32" | "w8";
  /** CPU milliseconds by tokens, as bench/forward.ts prints them. */
  readonly ms: Readonly<Record<string, number>>;
}
export interface Figures {
  readonly machine?: { readonly cpu: string; readonly cores: number; readonly flags: readonly string[]; readonly os: string };
  readonly versions?: Readonly<Record<string, string>>;
  /** One thread on the main version of Node; on the newest; on the oldest; two threads. */
  readonly main?: Run;
  readonly newest?: Run;
  readonly oldest?: Run;
  readonly threads?: Run;
  readonly cold?: { readonly node: string; readonly rows: readonly ColdRow[] };
  readonly sizes?: readonly SizeRow[];
  readonly kernels?: BenchFile & { readonly peaks: Peaks };
  readonly gemm?: { readonly node: string; readonly kernels: string; readonly gops: Readonly<Record<string, number>> };
  readonly shapes?: readonly Shape[];
}

export const FIGURES = new URL("../../docs/figures/", import.meta.url);
export const FIGURES_FILE = new URL("perf-figures.json", FIGURES);
export const PAGE = new URL("../../docs/performance.md", import.meta.url);
