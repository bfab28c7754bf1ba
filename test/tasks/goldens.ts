/** Helpers for the golden files of Python's pipelines: offsets there count code points, ours UTF-16 units. */

import { readFileSync } from "node:fs";
import { expect } from "vitest";

export interface GoldenCase {
  readonly model: string;
  readonly inputs: unknown;
  readonly params: Readonly<Record<string, unknown>>;
  readonly output?: unknown;
  readonly error?: string;
}

export function readCases(file: string): GoldenCase[] {
  return JSON.parse(readFileSync(file, "utf8")) as GoldenCase[];
}

/** Position in UTF-16 units of code point `index`. */
export function utf16(text: string, index: number): number {
  return [...text].slice(0, index).join("").length;
}

/** Scores agree within this: the goldens were run in float32 with another order of sums, in padded batches. */
export const SCORE_TOLERANCE = 1e-5;

/** Equal, but for numbers under the key "score" (or in a list under "scores"), which may differ by SCORE_TOLERANCE. */
export function expectLike(actual: unknown, expected: unknown, where: string): void {
  if (typeof expected === "number") {
    expect(Math.abs((actual as number) - expected), `${where}: ${String(actual)} for ${expected}`).toBeLessThanOrEqual(SCORE_TOLERANCE);
  } else if (Array.isArray(expected)) {
    expect(Array.isArray(actual), `${where}: a list`).toBe(true);
    expect((actual as unknown[]).length, `${where}: length`).toBe(expected.length);
    expected.forEach((item, i) => {
      expectLike((actual as unknown[])[i], item, `${where}[${i}]`);
    });
  } else if (typeof expected === "object" && expected !== null) {
    expect(Object.keys(actual as object).sort(), `${where}: keys`).toEqual(Object.keys(expected).sort());
    for (const [key, value] of Object.entries(expected)) {
      const found = (actual as Record<string, unknown>)[key];
      if (key === "score" || key === "scores") expectLike(found, value, `${where}.${key}`);
      else if (typeof value === "object") expectLike(found, value, `${where}.${key}`);
      else expect(found, `${where}.${key}`).toBe(value);
    }
  } else {
    expect(actual, where).toBe(expected);
  }
}

/** Options of a call as this library spells them. */
export function camelCase(params: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(params).map(([key, value]) => [key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()), value]),
  );
}
