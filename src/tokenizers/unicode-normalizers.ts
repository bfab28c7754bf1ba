/**
 * NFD, NFKD, NFC, NFKC (UAX #15) with alignment, by Unicode 9 as in the reference library (unicode/combining.ts says how).
 *
 *   decompose   each character becomes its parts; marks between two starters are sorted by combining class, stably
 *   compose     each starter swallows the marks (or the starter right after it) with which it forms a known character, unless a mark
 *               of the same or a higher class stands between
 *
 * The composed form of a pair comes from the engine: NFC of both together is one character or it is not.
 */

import type { AlignedText } from "./aligned-text.ts";
import { eachCodePoint, Rewriter } from "./rewriter.ts";
import { combiningRank, decompose, decomposeCompatibly, isNewer, sortMarks } from "./unicode/combining.ts";

interface Part {
  readonly codePoint: number;
  readonly rank: number;
  /** See rewriter.ts: 0 opens the decomposition of a source character, 1 continues it. */
  readonly change: number;
}

export function decomposed(text: AlignedText, compatibly: boolean): AlignedText {
  const rewriter = new Rewriter(text);
  for (const { codePoint, change } of decomposeAll(text, compatibly)) rewriter.emit(codePoint, change);
  return rewriter.out;
}

export function composed(text: AlignedText, compatibly: boolean): AlignedText {
  const rewriter = new Rewriter(text);
  const parts = decomposeAll(text, compatibly);
  let i = 0;
  while (i < parts.length) {
    let starter = parts[i++]!;
    if (starter.rank !== 0) {
      rewriter.emit(starter.codePoint, starter.change);
      continue;
    }
    const kept: Part[] = [];
    for (; i < parts.length; i++) {
      const next = parts[i]!;
      const last = kept.at(-1);
      if (last === undefined || last.rank < next.rank) {
        const both = compose(starter.codePoint, next.codePoint);
        if (both !== undefined) {
          starter = { codePoint: both, rank: 0, change: starter.change + next.change - 1 };
          continue;
        }
      }
      if (next.rank === 0) break;
      kept.push(next);
    }
    rewriter.emit(starter.codePoint, starter.change);
    for (const mark of kept) rewriter.emit(mark.codePoint, mark.change);
  }
  return rewriter.out;
}

/** All parts in canonical order. */
function decomposeAll(text: AlignedText, compatibly: boolean): Part[] {
  const parts: Part[] = [];
  let starter = 0;
  eachCodePoint(text, (codePoint) => {
    let change = 0;
    const whole = codePoint < 0x80 ? String.fromCharCode(codePoint) : compatibly ? decomposeCompatibly(codePoint) : decompose(codePoint);
    for (const character of whole) {
      const piece = character.codePointAt(0)!;
      const rank = combiningRank(piece);
      if (rank === 0) {
        sortMarks(parts, starter);
        starter = parts.length;
      }
      parts.push({ codePoint: piece, rank, change });
      change = 1;
    }
  });
  sortMarks(parts, starter);
  return parts;
}

const compositions = new Map<number, number | undefined>();

/** The character that both compose to, if any. */
function compose(first: number, second: number): number | undefined {
  if (second < 0x300 || isNewer(first) || isNewer(second)) return undefined;
  const key = first * 0x110000 + second;
  if (compositions.has(key)) return compositions.get(key);
  const both = String.fromCodePoint(first, second).normalize("NFC");
  const codePoint = both.codePointAt(0)!;
  const whole = both.length === (codePoint > 0xffff ? 2 : 1) && !isNewer(codePoint) ? codePoint : undefined;
  if (compositions.size > 20_000) compositions.clear();
  compositions.set(key, whole);
  return whole;
}
