/**
 * BertNormalizer: clean, space out Chinese characters, strip accents, lower-case, in one pass over the text and in that order.
 *
 *   clean_text            drop NUL, U+FFFD and the categories Cc, Cf, Co; make white space a plain space
 *   handle_chinese_chars  put a space on both sides, so that each is a word of its own
 *   strip_accents         NFD, then drop nonspacing marks (null: as `lowercase` says)
 *   lowercase             character by character, without context: final sigma is an ordinary one, unlike String.toLowerCase's
 *
 * What makes offsets exact: a character gets the range of the original character it was made of; where NFD re-orders marks, the ranges stay in
 * place and the marks move, as in the reference library.
 */

import { AlignedText, scalarAt } from "./aligned-text.ts";
import type { Normalizer } from "./component.ts";
import { CASED, CJK, COMPOSED, kindOf, NONSPACING, REMOVED, SPACE } from "./unicode/character-kinds.ts";
import { combiningRank, decompose, sortMarks } from "./unicode/combining.ts";
import { lowerCase } from "./unicode/lower-case.ts";

export interface BertNormalizerOptions {
  readonly cleanText: boolean;
  readonly handleChineseChars: boolean;
  readonly stripAccents: boolean;
  readonly lowercase: boolean;
}

const DROPPED = -1;
/** Room that is kept for the next text; what a longer one needed is given back. */
const KEPT_UNITS = 1 << 16;

/** A run of marks after a starter: NFD may re-order it, so it is held back until the next starter. */
interface Mark {
  readonly codePoint: number;
  readonly rank: number;
  /** Whether it opens the decomposition of an original character (and so moves on to that character's range). */
  readonly opens: boolean;
}

export class BertNormalizer implements Normalizer {
  readonly #options: BertNormalizerOptions;
  /** Per ASCII code: what becomes of it, or DROPPED. */
  readonly #ascii = new Int16Array(128);
  readonly #decompositions = new Map<number, readonly number[]>();
  /** What the last text became: used again for the next. */
  #out = new AlignedText();
  #marks: Mark[] = [];
  /** Ranges of the original characters that `opens` will ask for: [start, end, start, end, ...]. */
  #ranges: number[] = [];
  #lastStart = 0;
  #lastEnd = 0;

  constructor(options: BertNormalizerOptions) {
    this.#options = options;
    for (let code = 0; code < 128; code++) this.#ascii[code] = this.#asciiFate(code);
  }

  #asciiFate(code: number): number {
    const kind = kindOf(code);
    if (this.#options.cleanText) {
      if (kind & REMOVED) return DROPPED;
      if (kind & SPACE) return 32;
    }
    return this.#options.lowercase && kind & CASED ? code + 32 : code;
  }

  /** Within a Sequence of normalisers: as for a string, with the ranges carried on. */
  apply(text: AlignedText): AlignedText {
    const out = this.normalize(text.slice(), 0, text.length);
    for (let i = 0; i < out.length; i++) {
      out.starts[i] = text.starts[out.starts[i]!]!;
      out.ends[i] = text.ends[out.ends[i]! - 1]!;
    }
    return out;
  }

  normalize(original: string, from: number, to: number): AlignedText {
    const out = this.#out.length > KEPT_UNITS ? new AlignedText(to - from + 16) : this.#out;
    this.#out = out;
    out.clear();
    const { cleanText, handleChineseChars, stripAccents } = this.#options;
    this.#lastStart = from;
    this.#lastEnd = from;
    for (let i = from; i < to; ) {
      const code = original.charCodeAt(i);
      if (code < 128) {
        const fate = this.#ascii[code]!;
        if (fate !== DROPPED) {
          if (this.#marks.length > 0) this.#flush(out);
          out.push(fate, i, i + 1);
          this.#lastStart = i;
          this.#lastEnd = i + 1;
        }
        i++;
        continue;
      }
      const codePoint = scalarAt(original, i, to);
      const end = i + (codePoint > 0xffff ? 2 : 1);
      const kind = kindOf(codePoint);
      if (cleanText && kind & (REMOVED | SPACE)) {
        if ((kind & REMOVED) === 0) this.#starter(out, 32, kind, i, end);
      } else if (handleChineseChars && kind & CJK) {
        this.#starter(out, 32, 0, i, end);
        if (stripAccents && kind & COMPOSED) this.#decomposed(out, codePoint, i, end);
        else this.#starter(out, codePoint, kind, i, end);
        this.#starter(out, 32, 0, i, end);
      } else if (stripAccents && kind & COMPOSED) this.#decomposed(out, codePoint, i, end);
      else this.#starter(out, codePoint, kind, i, end);
      i = end;
    }
    if (this.#marks.length > 0) this.#flush(out);
    return out;
  }

  #starter(out: AlignedText, codePoint: number, kind: number, start: number, end: number): void {
    if (this.#marks.length > 0) this.#flush(out);
    this.#emit(out, codePoint, kind, start, end);
    this.#lastStart = start;
    this.#lastEnd = end;
  }

  #decomposed(out: AlignedText, codePoint: number, start: number, end: number): void {
    let parts = this.#decompositions.get(codePoint);
    if (parts === undefined) {
      parts = Array.from(decompose(codePoint), (part) => part.codePointAt(0)!);
      this.#decompositions.set(codePoint, parts);
    }
    for (let k = 0; k < parts.length; k++) {
      const part = parts[k]!;
      const rank = combiningRank(part);
      if (rank === 0) this.#starter(out, part, kindOf(part), start, end);
      else {
        this.#marks.push({ codePoint: part, rank, opens: k === 0 });
        if (k === 0) this.#ranges.push(start, end);
      }
    }
  }

  /** Emits the marks that were held back, in canonical order. */
  #flush(out: AlignedText): void {
    sortMarks(this.#marks);
    let at = 0;
    for (const mark of this.#marks) {
      if (mark.opens) {
        this.#lastStart = this.#ranges[at++]!;
        this.#lastEnd = this.#ranges[at++]!;
      }
      this.#emit(out, mark.codePoint, kindOf(mark.codePoint), this.#lastStart, this.#lastEnd);
    }
    this.#marks = [];
    this.#ranges = [];
  }

  #emit(out: AlignedText, codePoint: number, kind: number, start: number, end: number): void {
    if (kind & NONSPACING && this.#options.stripAccents) return;
    if (kind & CASED && this.#options.lowercase) {
      const lower = lowerCase(codePoint);
      for (let i = 0; i < lower.length; i++) out.push(lower.charCodeAt(i), start, end);
    } else out.push(codePoint, start, end);
  }
}
