/**
 * Compares a tokenizer with what the Rust library answered (tokenizer-goldens' format, see that folder's README): ids, offsets in both units, word ids,
 * special-tokens masks, type and sequence ids, windows, errors, decoded text. Returns one line a mismatch.
 */

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { EncodeOptions, Encoding, Tokenizer } from "../../src/tokenizers/tokenizer.ts";

interface Expected {
  i: number[];
  /** Offsets in code points, flat; `u` in UTF-16 units where they differ. */
  o: number[];
  u?: number[];
  s: string;
  w: number[];
  y?: string;
  q?: string;
  /** Attention mask: 0 where the golden was padded, which we never do. */
  m?: string;
}
export interface StringCase extends Expected {
  t: string;
}
export interface PairCase {
  a: string;
  b: string | null;
  strategy: "longest_first" | "only_first" | "only_second";
  stride: number;
  max_length: number;
  truncation_direction: "left" | "right";
  window_count?: number;
  windows?: Expected[];
  error?: string;
}
export interface DecodeCase {
  i: number[];
  skip: string;
  keep: string;
}

export function jsonLines<T>(file: string): T[] {
  const bytes = readFileSync(file);
  const text = (file.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as T);
}

export function stringMismatches(tokenizer: Tokenizer, golden: StringCase): string[] {
  return mismatches(
    tokenizer.encode(golden.t, null, { offsets: "codepoint" }),
    tokenizer.encode(golden.t),
    golden,
    JSON.stringify(golden.t),
  );
}

/** Left truncation is outside the contract: such cases count as equal. */
export function pairMismatches(tokenizer: Tokenizer, golden: PairCase): string[] {
  if (golden.truncation_direction === "left") return [];
  const options: EncodeOptions = { truncation: golden.strategy, maxLength: golden.max_length, stride: golden.stride };
  const what = JSON.stringify([golden.a, golden.b, options]);
  let inCodePoints: Encoding;
  try {
    inCodePoints = tokenizer.encode(golden.a, golden.b, { ...options, offsets: "codepoint" });
  } catch (error) {
    return golden.error === undefined || (error as Error).name !== "ConfigError" ? [`${what}: ${error}`] : [];
  }
  if (golden.error !== undefined) return [`${what}: no error, expected "${golden.error}"`];
  const inUnits = tokenizer.encode(golden.a, golden.b, options);
  const found = [];
  if (1 + inCodePoints.overflowing.length !== golden.window_count) {
    found.push(`${what}: ${1 + inCodePoints.overflowing.length} windows, expected ${golden.window_count}`);
  }
  const windows = [inCodePoints, ...inCodePoints.overflowing];
  const unitWindows = [inUnits, ...inUnits.overflowing];
  golden.windows?.forEach((window, k) => {
    if (windows[k] !== undefined) found.push(...mismatches(windows[k], unitWindows[k]!, withoutPadding(window), `${what} window ${k}`));
  });
  return found;
}

export function decodeMismatches(tokenizer: Tokenizer, { i, skip, keep }: DecodeCase): string[] {
  const found = [tokenizer.decode(i), tokenizer.decode(i, { skipSpecialTokens: false })];
  return [skip, keep].flatMap((expected, k) =>
    found[k] === expected ? [] : [`decode ${i}: ${JSON.stringify(found[k])}, expected ${JSON.stringify(expected)}`],
  );
}

function mismatches(inCodePoints: Encoding, inUnits: Encoding, golden: Expected, what: string): string[] {
  const rows: [name: string, found: string, expected: string][] = [
    ["ids", String(inCodePoints.ids), String(golden.i)],
    ["offsets in code points", String(inCodePoints.offsets.flat()), String(golden.o)],
    ["offsets in UTF-16 units", String(inUnits.offsets.flat()), String(golden.u ?? golden.o)],
    ["special tokens mask", inCodePoints.specialTokensMask.join(""), golden.s],
    ["word ids", String(inCodePoints.wordIds.map((word) => word ?? -1)), String(golden.w)],
    ["type ids", inCodePoints.typeIds.join(""), golden.y ?? inCodePoints.typeIds.join("")],
    ["sequence ids", sequences(inCodePoints), golden.q ?? sequences(inCodePoints)],
    ["number of tokens", String(inCodePoints.tokens.length), String(golden.i.length)],
  ];
  return rows.flatMap(([name, found, expected]) => (found === expected ? [] : [`${what}: ${name} ${found}, expected ${expected}`]));
}

const sequences = ({ sequenceIds }: Encoding): string => sequenceIds.map((id) => id ?? "-").join("");

function withoutPadding(golden: Expected): Expected {
  const { m } = golden;
  if (m === undefined || !m.includes("0")) return golden;
  const real = (_: unknown, k: number): boolean => m[k] === "1";
  const text = (flags: string): string => Array.from(flags).filter(real).join("");
  return {
    i: golden.i.filter(real),
    o: golden.o.filter((_, k) => m[k >> 1] === "1"),
    ...(golden.u && { u: golden.u.filter((_, k) => m[k >> 1] === "1") }),
    s: text(golden.s),
    w: golden.w.filter(real),
    ...(golden.y !== undefined && { y: text(golden.y) }),
    ...(golden.q !== undefined && { q: text(golden.q) }),
  };
}
