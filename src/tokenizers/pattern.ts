/**
 * Patterns of Replace and Split: a literal string, or a regular expression in Oniguruma's syntax, which is brought into JavaScript's.
 * The two languages differ little where tokenizers use them; what cannot be said in JavaScript is an UnsupportedError that shows the pattern.
 */

import { UnsupportedError } from "../errors.ts";
import type { Fields } from "../fields.ts";

export type Match = readonly [from: number, to: number];

/** `pattern`: {"String": "x"} or {"Regex": "x"}. */
export function readPattern(json: Fields): RegExp {
  const { String: literal, Regex: regex } = json.object("pattern") ?? {};
  if (typeof literal === "string") return new RegExp(literal.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"), "gu");
  if (typeof regex === "string") return regexOf(regex);
  throw json.mismatch("pattern", '{"String": ...} or {"Regex": ...}');
}

/** Non-overlapping matches from left to right, of a global pattern; places count from `start`. */
export function matchesOf(pattern: RegExp, text: string, start = 0): Match[] {
  return Array.from(text.matchAll(pattern), (match) => [start + match.index, start + match.index + match[0].length]);
}

/** Oniguruma's classes with Unicode's meaning. */
const CLASSES: Readonly<Record<string, string>> = {
  s: "\\p{White_Space}",
  S: "\\P{White_Space}",
  w: "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u00b2\\u00b3\\u00b9\\u00bc-\\u00be",
  d: "\\p{Nd}",
  D: "\\P{Nd}",
  h: "0-9a-fA-F",
};

function regexOf(source: string): RegExp {
  let text = "";
  let inClass = 0;
  for (let i = 0; i < source.length; i++) {
    const character = source[i]!;
    const next = source[i + 1] ?? "";
    if (character === "\\") {
      i++;
      if (next in CLASSES) text += inClass > 0 || !/[wh]/.test(next) ? CLASSES[next]! : `[${CLASSES[next]}]`;
      else if (next === "W" && inClass === 0) text += `[^${CLASSES.w}]`;
      else if (next === "A") text += "^";
      else if (next === "z" || next === "Z") text += "$";
      else if (next === "p" || next === "P") {
        const end = source.indexOf("}", i);
        text += `\\${source.slice(i, end + 1)}`;
        i = end;
      } else text += /[\w]/.test(next) && !/[bBntrfvux0-9]/.test(next) ? unsupported(source) : escaped(next);
    } else if (character === "[" && inClass === 0) {
      inClass = 1;
      text += character;
    } else if (character === "[" || (inClass > 0 && source.startsWith("&&", i))) unsupported(source);
    else if (character === "]" && inClass > 0) {
      inClass = 0;
      text += character;
    } else if (inClass === 0 && source.startsWith("(?i:", i)) {
      const end = closing(source, i);
      text += `(?:${anyCase(source.slice(i + 4, end))})`;
      i = end;
    } else if (inClass === 0 && (source.startsWith("(?>", i) || (/[*+?]/.test(character) && next === "+"))) unsupported(source);
    else text += character;
  }
  try {
    return new RegExp(text, "gu");
  } catch {
    return unsupported(source);
  }
}

/** In JavaScript's Unicode mode only punctuation that means something may be escaped. */
function escaped(character: string): string {
  return /[\^$\\.*+?()[\]{}|/\-bBntrfvux0-9]/.test(character) ? `\\${character}` : character;
}

function closing(source: string, open: number): number {
  let depth = 0;
  for (let i = open; i < source.length; i++) {
    if (source[i] === "\\") i++;
    else if (source[i] === "(") depth++;
    else if (source[i] === ")" && --depth === 0) return i;
  }
  return unsupported(source);
}

/** (?i:...) as tokenizers use it: plain letters, alternatives, apostrophes. */
function anyCase(inner: string): string {
  if (/[\\[(]/.test(inner)) return unsupported(inner);
  return inner.replace(/[a-z]/gi, (letter) => {
    const others = { s: "\u017f", k: "\u212a" }[letter.toLowerCase()] ?? "";
    return `[${letter.toLowerCase()}${letter.toUpperCase()}${others}]`;
  });
}

function unsupported(source: string): never {
  throw new UnsupportedError(`tokenizer.json: the regular expression ${JSON.stringify(source)} cannot be put in JavaScript's syntax here.`);
}
