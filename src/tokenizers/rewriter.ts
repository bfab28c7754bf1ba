/**
 * Builds the next text of a chain of normalisers from the one before, character by character, keeping account of what each new character
 * stands for. `change` says how it relates to the source:
 *
 *    0   it replaces the next source character (and takes its range)
 *    1   it is new (and shares the range of the source character before)
 *   -n   it replaces the next source character, and the n after that are gone
 *
 * This is the reference library's way of counting, kept to the letter because offsets depend on it where characters swap places (NFD, NFC).
 */

import { AlignedText } from "./aligned-text.ts";

export class Rewriter {
  readonly out: AlignedText;
  readonly #source: AlignedText;
  #at = 0;

  constructor(source: AlignedText) {
    this.#source = source;
    this.out = new AlignedText(source.length + 16);
  }

  emit(codePoint: number, change: number): void {
    const { starts, ends, length } = this.#source;
    const aligned = Math.min(change > 0 ? Math.max(this.#at - 1, 0) : this.#at, length - 1);
    this.out.push(codePoint, starts[aligned]!, ends[aligned]!);
    for (let consumed = change; consumed <= 0 && this.#at < length; consumed++)
      this.#at += this.#source.codePointAt(this.#at) > 0xffff ? 2 : 1;
  }

  /** All characters of `replacement` for the next source character. */
  replace(replacement: string): void {
    let change = 0;
    for (const character of replacement) {
      this.emit(character.codePointAt(0)!, change);
      change = 1;
    }
  }
}

/** Calls `visit` with every code point and where it starts and ends. */
export function eachCodePoint(text: AlignedText, visit: (codePoint: number, from: number, to: number) => void): void {
  for (let i = 0; i < text.length; ) {
    const codePoint = text.codePointAt(i);
    const next = i + (codePoint > 0xffff ? 2 : 1);
    visit(codePoint, i, next);
    i = next;
  }
}

/** The characters that `keep` is true for, each with its own range. */
export function filtered(text: AlignedText, keep: (codePoint: number) => boolean): AlignedText {
  const out = new AlignedText(text.length);
  eachCodePoint(text, (codePoint, i) => {
    if (keep(codePoint)) out.push(codePoint, text.starts[i]!, text.ends[i]!);
  });
  return out;
}

/** Appends units [from, to) of `text` to `out`. */
export function append(out: AlignedText, text: AlignedText, from: number, to: number): void {
  out.reserve(to - from);
  for (let i = from; i < to; i++) {
    out.codes[out.length] = text.codes[i]!;
    out.starts[out.length] = text.starts[i]!;
    out.ends[out.length++] = text.ends[i]!;
  }
}

/** Units [from, to) with their ranges. */
export function part(text: AlignedText, from: number, to: number): AlignedText {
  const out = new AlignedText(to - from);
  append(out, text, from, to);
  return out;
}

/** Units [from, to) with `prefix` in front. */
export function prepended(text: AlignedText, prefix: string, from: number, to: number): AlignedText {
  const out = new AlignedText(to - from + prefix.length);
  for (let i = 0; i < prefix.length; i++) out.push(prefix.charCodeAt(i), text.starts[from]!, text.ends[from]!);
  append(out, text, from, to);
  return out;
}
