/**
 * Byte-level BPE's alphabet and its way of cutting words (GPT-2, Radford et al. 2019).
 * Every byte has a printable character: itself where it is one, else a character from U+0100 on ("Ġ" U+0120 is the space). So a text of any
 * characters becomes a text over 256 characters, and no token is ever unknown.
 * Words: a contraction ('s, 't, 're, 've, 'm, 'll, 'd), or an optional space and then letters, or numbers, or other characters;
 * of white space before a word the last space belongs to the word (if it is a plain space).
 */

import { AlignedText } from "./aligned-text.ts";
import type { Decoder, PreTokenizer, Words } from "./component.ts";
import { eachCodePoint, prepended } from "./rewriter.ts";
import { isLetter, isNumber } from "./unicode/categories.ts";
import { isSpace } from "./unicode/character-kinds.ts";

/** Character of each byte, byte of each character. */
const CHARACTERS = new Uint16Array(256);
const BYTES = new Map<number, number>();
for (let byte = 0, others = 0x100; byte < 256; byte++) {
  const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
  CHARACTERS[byte] = printable ? byte : others++;
  BYTES.set(CHARACTERS[byte]!, byte);
}

function pushBytes(out: AlignedText, codePoint: number, start: number, end: number): void {
  if (codePoint < 0x80) out.push(CHARACTERS[codePoint]!, start, end);
  else {
    const continuations = codePoint < 0x800 ? 1 : codePoint < 0x10000 ? 2 : 3;
    const lead = [0xc0, 0xe0, 0xf0][continuations - 1]! | (codePoint >> (6 * continuations));
    out.push(CHARACTERS[lead]!, start, end);
    for (let k = continuations - 1; k >= 0; k--) out.push(CHARACTERS[0x80 | ((codePoint >> (6 * k)) & 0x3f)]!, start, end);
  }
}

/** The text as the characters of its UTF-8 bytes; each has the range of its whole character. */
export function byteLevelText(text: AlignedText): AlignedText {
  const out = new AlignedText(text.length * 2);
  eachCodePoint(text, (codePoint, i) => pushBytes(out, codePoint, text.starts[i]!, text.ends[i]!));
  return out;
}

export class ByteLevelPreTokenizer implements PreTokenizer {
  readonly #addPrefixSpace: boolean;
  readonly #useRegex: boolean;

  constructor(addPrefixSpace: boolean, useRegex: boolean) {
    this.#addPrefixSpace = addPrefixSpace;
    this.#useRegex = useRegex;
  }

  split({ text, bounds }: Words): Words {
    const out = new AlignedText(text.length + 16);
    const found: number[] = [];
    for (let w = 0; w < bounds.length; w += 2) {
      const from = bounds[w]!;
      const to = bounds[w + 1]!;
      if (this.#addPrefixSpace && text.codes[from] !== 32) this.#splitOne(prepended(text, " ", from, to), 0, to - from + 1, out, found);
      else this.#splitOne(text, from, to, out, found);
    }
    return { text: out, bounds: found };
  }

  #splitOne(text: AlignedText, from: number, to: number, out: AlignedText, found: number[]): void {
    for (let i = from; i < to; ) {
      const end = this.#useRegex ? wordEnd(text, i, to) : to;
      const start = out.length;
      while (i < end) {
        const codePoint = text.codePointAt(i);
        pushBytes(out, codePoint, text.starts[i]!, text.ends[i]!);
        i += codePoint > 0xffff ? 2 : 1;
      }
      found.push(start, out.length);
    }
  }
}

const SPACE = 1;
const LETTERS = 2;
const NUMBERS = 3;
const OTHERS = 4;

/** Class of each code point, 0 = not yet asked for. */
let classes: Uint8Array | undefined;

function classOf(codePoint: number): number {
  classes ??= new Uint8Array(0x110000);
  const known = classes[codePoint]!;
  if (known !== 0) return known;
  const found = isSpace(codePoint) ? SPACE : isLetter(codePoint) ? LETTERS : isNumber(codePoint) ? NUMBERS : OTHERS;
  classes[codePoint] = found;
  return found;
}

/** Where the word that starts at `from` ends: a contraction, or a run of one class with a space in front, or white space. */
function wordEnd(text: AlignedText, from: number, to: number): number {
  const { codes } = text;
  if (codes[from] === 39) {
    const contraction = contractionEnd(codes, from, to);
    if (contraction > 0) return contraction;
  }
  const first = classOf(text.codePointAt(from));
  if (first !== SPACE) return runEnd(text, from, to);
  const end = runEnd(text, from, to);
  // A single plain space and what follows it, if anything does.
  if (end === from + 1) return codes[from] === 32 && end < to ? runEnd(text, end, to) : end;
  return end === to ? end : end - 1;
}

function runEnd(text: AlignedText, from: number, to: number): number {
  const run = classOf(text.codePointAt(from));
  let i = from;
  while (i < to) {
    const codePoint = text.codePointAt(i);
    if (classOf(codePoint) !== run) break;
    i += codePoint > 0xffff ? 2 : 1;
  }
  return i;
}

/** 's 't 'm 'd 're 've 'll, or 0. */
function contractionEnd(codes: Uint16Array, from: number, to: number): number {
  if (from + 1 >= to) return 0;
  const letter = String.fromCharCode(codes[from + 1]!);
  if ("stmd".includes(letter)) return from + 2;
  const two = from + 2 < to ? letter + String.fromCharCode(codes[from + 2]!) : "";
  return two === "re" || two === "ve" || two === "ll" ? from + 3 : 0;
}

/** Back from the alphabet to bytes and from UTF-8 to text; what is no UTF-8 reads as U+FFFD. A token with a foreign character counts as its text. */
export const byteLevelDecoder: Decoder = (tokens) => {
  const bytes: number[] = [];
  for (const token of tokens) {
    const own = Array.from(token, (character) => BYTES.get(character.codePointAt(0)!));
    for (const byte of own.includes(undefined) ? new TextEncoder().encode(token) : own) bytes.push(byte!);
  }
  return [new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes))];
};
