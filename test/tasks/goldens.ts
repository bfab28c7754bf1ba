/** Helpers for the golden files of Python's pipelines: offsets there count code points, ours UTF-16 units. */

import { existsSync, readFileSync } from "node:fs";
import { expect } from "vitest";
import { fixture } from "../shared.ts";

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

const FILE_NAMES = [
  "config.json",
  "model.safetensors",
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "vocab.txt",
  "spm.model",
];

/** The files of a model as a Map, each from the first of the folders that has it; the test may ask for another model_max_length. */
export function filesOf(folders: readonly string[], modelMaxLength?: number): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const name of FILE_NAMES) {
    const folder = folders.find((each) => existsSync(`${each}/${name}`));
    if (folder !== undefined) files.set(name, new Uint8Array(readFileSync(`${folder}/${name}`)));
  }
  if (modelMaxLength === undefined) return files;
  const config = JSON.parse(new TextDecoder().decode(files.get("tokenizer_config.json"))) as object;
  return files.set("tokenizer_config.json", new TextEncoder().encode(JSON.stringify({ ...config, model_max_length: modelMaxLength })));
}

/** Where a tiny model of the fixtures lies: its weights with the other tiny models or with the task tests, its tokenizer with the task tests. */
export function fixtureFolders(name: string): string[] {
  return [fixture(`tiny/${name}`), fixture(`pipelines/${name}`)];
}

export function fixtureFiles(name: string): Map<string, Uint8Array> {
  return filesOf(fixtureFolders(name));
}
