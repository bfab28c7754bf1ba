/** Figures of an evaluation: measured beside expected, within a bound; and where the data lie. */

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

export interface Figure {
  readonly what: string;
  readonly measured: number;
  /** Absent: printed only, such as a pipeline's own score. */
  readonly expected?: number;
  /** Largest allowed distance from `expected`. */
  readonly within?: number;
}

/** f32 of the file is what metrics.json calls w8_dequantised; w8 adds the rounding of activations. */
export const WITHIN = { f32: 0.2, w8: 0.5 } as const;
export const DTYPES = ["f32", "w8"] as const;

export function isGood({ measured, expected, within }: Figure): boolean {
  return expected === undefined || Math.abs(measured - expected) <= within!;
}

export function line(figure: Figure): string {
  const { what, measured, expected, within } = figure;
  const claim =
    expected === undefined ? "" : `expected ${expected.toFixed(2)} ± ${within!.toFixed(2)}   ${isGood(figure) ? "ok" : "OUTSIDE"}`;
  return `  ${what.padEnd(44)} ${measured.toFixed(2).padStart(7)}   ${claim}`.trimEnd();
}

/** A file beside the repository, ../shared/data/<path>; undefined where it is absent. */
export function sharedFile(path: string): string | undefined {
  const file = fileURLToPath(new URL(`../../../shared/data/${path}`, import.meta.url));
  return existsSync(file) ? file : undefined;
}

export function weights(name: string): string {
  return fileURLToPath(new URL(`../../weights/${name}`, import.meta.url));
}
