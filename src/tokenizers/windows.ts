/**
 * Truncation: which parts of the two sequences make the encoding and its overflowing windows.
 * A sequence of n tokens that may keep only m is cut into windows of m tokens; each starts m - stride after the one before, and the last one ends
 * with the sequence. Strategies decide how many each of two sequences may keep.
 */

import { check } from "../checks.ts";
import { ConfigError } from "../errors.ts";

export type TruncationStrategy = "longest_first" | "only_first" | "only_second";

/** Tokens [from, to) of a sequence; the first window is the encoding itself, the others overflow. */
export type Window = readonly [from: number, to: number];

/** How many tokens of A and B to keep so that both together have at most `room`. */
export function shares(lengthA: number, lengthB: number | undefined, room: number, strategy: TruncationStrategy): [number, number] {
  const b = lengthB ?? 0;
  const excess = lengthA + b - room;
  if (room === 0) return [0, 0];
  if (excess <= 0) return [lengthA, b];
  if (strategy === "longest_first") return lengthB === undefined ? [room, 0] : longestFirst(lengthA, lengthB, room);
  if (strategy === "only_second") check(lengthB !== undefined, "truncation", '"only_first" or "longest_first" for one text', strategy);
  const length = strategy === "only_first" ? lengthA : b;
  if (length <= excess) {
    throw new ConfigError(
      `truncation "${strategy}": ${excess} tokens must go, that sequence has ${length}; raise maxLength or use "longest_first"`,
    );
  }
  return strategy === "only_first" ? [lengthA - excess, b] : [lengthA, b - excess];
}

/** The longer sequence gives first; when both must give, the first (after sorting, the shorter) gets the smaller half. */
function longestFirst(lengthA: number, lengthB: number, room: number): [number, number] {
  const swapped = lengthA > lengthB;
  let short = swapped ? lengthB : lengthA;
  let long = short > room ? short : Math.max(short, room - short);
  if (short + long > room) {
    short = Math.floor(room / 2);
    long = short + (room % 2);
  }
  return swapped ? [long, short] : [short, long];
}

/** The windows of a sequence of `length` tokens that may keep `keep`. */
export function windowsOf(length: number, keep: number, stride: number): Window[] {
  if (keep >= length) return [[0, length]];
  // Nothing may stay: an empty encoding, and the whole sequence overflows.
  if (keep === 0)
    return [
      [0, 0],
      [0, length],
    ];
  check(stride < keep, "stride", `less than the ${keep} tokens that a window has room for`, stride);
  const windows: Window[] = [];
  for (let from = 0; ; from += keep - stride) {
    const to = Math.min(from + keep, length);
    windows.push([from, to]);
    if (to === length) return windows;
  }
}
