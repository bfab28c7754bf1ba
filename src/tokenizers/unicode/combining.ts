/**
 * Canonical decomposition and combining classes (UAX #15) as the reference library has them: Unicode 9's.
 * The engine knows newer characters. Those that it would decompose or reorder and Unicode 9 would not are listed in NEWER; for all others its
 * `normalize` is right, because the decompositions and classes of assigned characters never change.
 * Combining classes need no table: NFD sorts neighbouring marks by class, so comparing a mark with one known mark of each class tells its own.
 */

import { decodeRanges, inRanges } from "./ranges.ts";

/** Code points with a canonical decomposition or a combining class other than 0 that were assigned after Unicode 9 (up to Unicode 17). */
const NEWER_RANGES =
  "1kt 4a-8 17-9 8b fy 73-1 am 1nf q2-u 3-b ln-4 raq ihp r 1fk-3 1u-4 8u-1 26-1 2-2 1z-a 1e-3 6j jv 20 2 9 3 1g 2-1 6-2 3y rf-1 72 5-1 5 4d 2c j 2a ix 2-1 2a bu-1 d0f-7 7 2ex-2 hy-1 m8u 4h-6 ag 1q-3 e5-3 73-1 6s 3 8-1 6";

/** One mark of each combining class above 0, in ascending order of class. */
const ONE_PER_CLASS =
  "\u0334\u093c\u3099\u094d\u05b0\u05b1\u05b2\u05b3\u05b4\u05b5\u05b6\u05b7\u05b8\u05b9\u05bb\u05bc\u05bd\u05bf\u05c1\u05c2\ufb1e\u064b\u064c\u064d\u0618\u0619\u061a\u0651\u0652\u0670\u0711\u0c55\u0c56\u0e38\u0e48\u0eb8\u0ec8\u0f71\u0f72\u0f74\u0321\u1dce\u031b\u302a\u0316\u059a\u302e\u{1d16d}\u05ae\u0300\u0315\u035c\u035d\u0345";

/** Code points with a compatibility decomposition that were assigned after Unicode 9 (up to Unicode 17), beyond those in NEWER_RANGES. */
const NEWER_COMPATIBLE_RANGES = "a2n n3m-3 ol i6w-4 2-15 2-8 12xo-z 3sn-1p 3cv 22s-9";

/** No assigned character from here on decomposes or has a combining class. */
const END = 0x30000;

/** One of the two decompositions, remembering what it was asked for: most characters do not change, the others are few. */
class Decomposition {
  readonly #form: "NFD" | "NFKD";
  readonly #newer: readonly Int32Array[];
  readonly #unchanged = new Uint8Array(END);
  readonly #changed = new Map<number, string>();

  constructor(form: "NFD" | "NFKD", newer: readonly string[]) {
    this.#form = form;
    this.#newer = newer.map(decodeRanges);
  }

  of(codePoint: number): string {
    const character = String.fromCodePoint(codePoint);
    if (codePoint < 0xa0 || codePoint >= END || this.#unchanged[codePoint] === 1) return character;
    const known = this.#changed.get(codePoint);
    if (known !== undefined) return known;
    const parts = this.isNewer(codePoint) ? character : character.normalize(this.#form);
    if (parts === character) this.#unchanged[codePoint] = 1;
    else this.#changed.set(codePoint, parts);
    return parts;
  }

  isNewer(codePoint: number): boolean {
    return this.#newer.some((ranges) => inRanges(ranges, codePoint));
  }
}

let canonical: Decomposition | undefined;
let compatible: Decomposition | undefined;

function canonicalDecomposition(): Decomposition {
  canonical ??= new Decomposition("NFD", [NEWER_RANGES]);
  return canonical;
}

/** Full canonical decomposition of one code point by Unicode 9. */
export function decompose(codePoint: number): string {
  return canonicalDecomposition().of(codePoint);
}

/** Full compatibility decomposition of one code point by Unicode 9. */
export function decomposeCompatibly(codePoint: number): string {
  compatible ??= new Decomposition("NFKD", [NEWER_RANGES, NEWER_COMPATIBLE_RANGES]);
  return compatible.of(codePoint);
}

/** Whether Unicode 9 leaves this code point alone although the engine may not. */
export function isNewer(codePoint: number): boolean {
  return canonicalDecomposition().isNewer(codePoint);
}

/** Rank + 1 per code point, 0 = not yet asked for. */
let ranks: Uint8Array | undefined;
let knownMarks: string[] | undefined;

/** 0 for a starter (class 0), else a number that orders marks as their combining classes do. */
export function combiningRank(codePoint: number): number {
  if (codePoint < 0x300 || codePoint >= END) return 0;
  ranks ??= new Uint8Array(END);
  const known = ranks[codePoint]!;
  if (known > 0) return known - 1;
  const rank = findRank(codePoint);
  ranks[codePoint] = rank + 1;
  return rank;
}

/** NFD swaps `before` and `after` exactly when both are marks and the class of `before` is the greater. */
const swaps = (before: string, after: string): boolean => (before + after).normalize("NFD") !== before + after;

function findRank(codePoint: number): number {
  const mark = String.fromCodePoint(codePoint);
  // A character that decomposes is looked at through its parts, never as a whole.
  if (isNewer(codePoint) || mark.normalize("NFD") !== mark) return 0;
  knownMarks ??= Array.from(ONE_PER_CLASS);
  const last = knownMarks.length - 1;
  if (!swaps(mark, knownMarks[0]!) && !swaps(knownMarks[last]!, mark)) return 0;
  let rank = 1;
  while (rank <= last && swaps(mark, knownMarks[rank - 1]!)) rank++;
  return rank;
}

/** Stable sort of marks[from..] by rank, as canonical order asks for (a starter's rank is 0, so it stays in front). Counting sort: a megabyte of marks stays linear. */
export function sortMarks<Mark extends { readonly rank: number }>(marks: Mark[], from = 0): void {
  let sorted = true;
  for (let i = from + 1; i < marks.length && sorted; i++) sorted = marks[i]!.rank >= marks[i - 1]!.rank;
  if (sorted) return;
  const byRank: Mark[][] = [];
  for (const mark of marks.splice(from)) {
    byRank[mark.rank] ??= [];
    byRank[mark.rank]!.push(mark);
  }
  for (const mark of byRank.flat()) marks.push(mark);
}
