/**
 * Text that remembers where it came from. Each UTF-16 unit of a normalised text carries the range [start, end) of the caller's string that it
 * stands for, so that a token cut from it can be given as offsets: start of its first unit, end of its last one.
 * Both units of a surrogate pair carry the same range, and so do all characters that one original character became.
 * Plain growing typed arrays: a normaliser appends to one while it reads the original or the text of the step before.
 */

import { resized } from "../numbers/resized.ts";

export class AlignedText {
  /** UTF-16 units. */
  codes: Uint16Array;
  /** Per unit: the range of the original string, in its UTF-16 units. */
  starts: Int32Array;
  ends: Int32Array;
  /** Units in use. */
  length = 0;

  constructor(capacity = 64) {
    this.codes = new Uint16Array(capacity);
    this.starts = new Int32Array(capacity);
    this.ends = new Int32Array(capacity);
  }

  /** The part [from, to) of `original` as it is; a lone surrogate becomes U+FFFD. */
  static of(original: string, from = 0, to = original.length): AlignedText {
    const text = new AlignedText(to - from);
    for (let i = from; i < to; ) {
      const codePoint = scalarAt(original, i, to);
      const next = i + (codePoint > 0xffff ? 2 : 1);
      text.push(codePoint, i, next);
      i = next;
    }
    return text;
  }

  clear(): void {
    this.length = 0;
  }

  /** Makes room for `units` more. */
  reserve(units: number): void {
    const need = this.length + units;
    if (need <= this.codes.length) return;
    const capacity = Math.max(need, this.codes.length * 2);
    this.codes = resized(this.codes, capacity);
    this.starts = resized(this.starts, capacity);
    this.ends = resized(this.ends, capacity);
  }

  /** Appends one code point that stands for [start, end) of the original. */
  push(codePoint: number, start: number, end: number): void {
    if (this.length + 2 > this.codes.length) this.reserve(2);
    if (codePoint > 0xffff) {
      this.#unit(0xd7c0 + (codePoint >> 10), start, end);
      this.#unit(0xdc00 + (codePoint & 0x3ff), start, end);
    } else this.#unit(codePoint, start, end);
  }

  #unit(code: number, start: number, end: number): void {
    const at = this.length++;
    this.codes[at] = code;
    this.starts[at] = start;
    this.ends[at] = end;
  }

  codePointAt(index: number): number {
    const high = this.codes[index]!;
    if ((high & 0xfc00) !== 0xd800) return high;
    return ((high - 0xd7c0) << 10) + (this.codes[index + 1]! - 0xdc00);
  }

  /** Code points in units [from, to). */
  countCharacters(from: number, to: number): number {
    let count = to - from;
    for (let i = from; i < to; i++) if ((this.codes[i]! & 0xfc00) === 0xdc00) count--;
    return count;
  }

  /** Units [from, to) as a string. */
  slice(from = 0, to = this.length): string {
    return unitsToString(this.codes, from, to);
  }
}

/** The scalar value at `index`; a surrogate without its partner inside [0, end) reads as U+FFFD. */
export function scalarAt(text: string, index: number, end: number): number {
  const high = text.charCodeAt(index);
  if ((high & 0xf800) !== 0xd800) return high;
  if (high < 0xdc00 && index + 1 < end) {
    const low = text.charCodeAt(index + 1);
    if ((low & 0xfc00) === 0xdc00) return ((high - 0xd7c0) << 10) + (low - 0xdc00);
  }
  return 0xfffd;
}

/** fromCharCode takes its units as arguments, whose number an engine limits: hence blocks. */
export function unitsToString(units: Uint16Array, from: number, to: number): string {
  if (to - from <= 16) {
    let short = "";
    for (let i = from; i < to; i++) short += String.fromCharCode(units[i]!);
    return short;
  }
  let text = "";
  for (let i = from; i < to; i += 8192) text += String.fromCharCode(...units.subarray(i, Math.min(to, i + 8192)));
  return text;
}
