/**
 * What BERT's normaliser and pre-tokenizer ask about a code point, answered from one byte per code point that is filled when first asked.
 * The table is 1.1 MB of address space, but the operating system provides only the pages that a text touches.
 */

import { isNonspacingMark, isOther, isPunctuation } from "./categories.ts";
import { combiningRank, decompose } from "./combining.ts";
import { lowerCase } from "./lower-case.ts";

/** Removed by `clean_text`: NUL, U+FFFD, and Cc, Cf, Co but tab, line feed and carriage return. */
export const REMOVED = 1;
/** White_Space. */
export const SPACE = 2;
/** In the blocks that the reference calls Chinese characters. */
export const CJK = 4;
/** A word of its own: ASCII punctuation (with its symbols) or general category P*. */
export const PUNCT = 8;
/** General category Mn. */
export const NONSPACING = 16;
/** Decomposes, or is a mark that NFD may move. */
export const COMPOSED = 32;
/** Has another lower case. */
export const CASED = 64;
const KNOWN = 128;

let kinds: Uint8Array | undefined;

export function kindOf(codePoint: number): number {
  kinds ??= new Uint8Array(0x110000);
  const kind = kinds[codePoint]!;
  if (kind !== 0) return kind;
  const found = findKind(codePoint) | KNOWN;
  kinds[codePoint] = found;
  return found;
}

/** Unicode's White_Space property, which has not changed since Unicode 6.3. */
export function isSpace(code: number): boolean {
  if (code < 0x80) return code === 32 || (code >= 9 && code <= 13);
  return (
    code === 0x85 ||
    code === 0xa0 ||
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000
  );
}

/** The reference's list, with its gap in CJK extension E (U+2B820..2B91F). */
function isChinese(code: number): boolean {
  return (
    (code >= 0x4e00 && code <= 0x9fff) ||
    (code >= 0x3400 && code <= 0x4dbf) ||
    (code >= 0x20000 && code <= 0x2a6df) ||
    (code >= 0x2a700 && code <= 0x2b73f) ||
    (code >= 0x2b740 && code <= 0x2b81f) ||
    (code >= 0x2b920 && code <= 0x2ceaf) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0x2f800 && code <= 0x2fa1f)
  );
}

function isAsciiPunctuation(code: number): boolean {
  return (code >= 33 && code <= 47) || (code >= 58 && code <= 64) || (code >= 91 && code <= 96) || (code >= 123 && code <= 126);
}

/** ASCII without a look at any table: a process that embeds English starts 2 ms sooner. */
function findAsciiKind(code: number): number {
  const isRemoved = (code < 32 && code !== 9 && code !== 10 && code !== 13) || code === 127;
  const isUpper = code >= 65 && code <= 90;
  return (isRemoved ? REMOVED : 0) | (isSpace(code) ? SPACE : 0) | (isAsciiPunctuation(code) ? PUNCT : 0) | (isUpper ? CASED : 0);
}

function findKind(code: number): number {
  if (code < 0x80) return findAsciiKind(code);
  let kind = 0;
  if (code === 0xfffd || (code !== 9 && code !== 10 && code !== 13 && isOther(code))) kind |= REMOVED;
  if (isSpace(code)) kind |= SPACE;
  if (isChinese(code)) kind |= CJK;
  if (isPunctuation(code)) kind |= PUNCT;
  if (isNonspacingMark(code)) kind |= NONSPACING;
  const character = String.fromCodePoint(code);
  if (combiningRank(code) !== 0 || decompose(code) !== character) kind |= COMPOSED;
  if (lowerCase(code) !== character) kind |= CASED;
  return kind;
}
