/**
 * Where grapheme clusters end (UAX #29): what a reader takes for one character, "e" with its accents, a flag, a family.
 * Intl.Segmenter knows, but is slow; between two characters that never join with their neighbours there is nothing to ask, and most text
 * consists of those.
 */

import type { AlignedText } from "./aligned-text.ts";

let segmenter: Intl.Segmenter | undefined;

/** The end of each cluster, in order. */
export function graphemeEnds(text: AlignedText): number[] {
  const { codes, length } = text;
  const ends: number[] = [];
  for (let i = 0; i < length; ) {
    if (alone(codes[i]!) && (i + 1 === length || alone(codes[i + 1]!))) {
      ends.push(++i);
      continue;
    }
    // From here to the next two neighbours that stand alone.
    let to = i + 1;
    while (to < length && !(alone(codes[to]!) && alone(codes[to - 1]!))) to++;
    segmentStretch(text, i, to, ends);
    i = to;
  }
  return ends;
}

/** Units that the segmenter gets at once: V8's takes time with the square of the number of clusters in its text. */
const WINDOW = 128;

/**
 * Cuts units [from, to) window by window. The last cluster of a window may go on behind it, so the next window starts where that one did;
 * a boundary depends on nothing before the cluster that it ends. A window that is one cluster is doubled.
 */
function segmentStretch(text: AlignedText, from: number, to: number, ends: number[]): void {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: "grapheme" });
  let size = WINDOW;
  for (let start = from; start < to; ) {
    const end = Math.min(start + size, to);
    let last = start;
    for (const { index } of segmenter.segment(text.slice(start, end))) {
      if (index > 0) ends.push(start + index);
      last = start + index;
    }
    if (end === to) {
      ends.push(to);
      return;
    }
    size = last === start ? size * 2 : WINDOW;
    start = last;
  }
}

/** Characters that neither extend the one before nor join with another such character: Latin, Greek, Cyrillic, kana, ideographs. Not CR (CR LF is one). */
function alone(code: number): boolean {
  return (
    (code < 0x300 && code !== 13 && code !== 0xa9 && code !== 0xad && code !== 0xae) ||
    (code >= 0x370 && code < 0x483) ||
    (code >= 0x48a && code < 0x530) ||
    (code >= 0x3041 && code <= 0x3096) ||
    (code >= 0x30a1 && code <= 0x30fc) ||
    (code >= 0x3400 && code <= 0x9fff) ||
    (code >= 0x2010 && code <= 0x2027) ||
    (code >= 0x3000 && code <= 0x3029)
  );
}
