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

/** What is written otherwise in JavaScript, in a class of characters. */
const IN_CLASS: Readonly<Record<string, string>> = {
  "\\s": "\\p{White_Space}",
  "\\S": "\\P{White_Space}",
  "\\w": "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}",
  "\\d": "\\p{Nd}",
  "\\D": "\\P{Nd}",
  "\\h": "0-9a-fA-F",
};

/** Outside of one \w has some numbers more. */
const WORD = `${IN_CLASS["\\w"]}\\u00b2\\u00b3\\u00b9\\u00bc-\\u00be]`;

/** The same outside: ^ and $ are the ends of a line, a dot is all but the character that ends one. */
const SYNTAX: Readonly<Record<string, string>> = {
  ...IN_CLASS,
  "\\w": `[${WORD}`,
  "\\W": `[^${WORD}`,
  "\\h": "[0-9a-fA-F]",
  "\\b": `(?:(?<=[${WORD})(?![${WORD})|(?<![${WORD})(?=[${WORD}))`,
  "\\A": "^",
  "\\z": "$",
  "\\Z": "(?=\\n?$)",
  "^": "(?:^|(?<=\\n)(?!$))",
  $: "(?=\\n|$)",
  ".": "[^\\n]",
};

function regexOf(source: string): RegExp {
  let text = "";
  let inClass = false;
  for (let i = 0; i < source.length; i++) {
    const character = source[i]!;
    const isEscape = character === "\\";
    const symbol = isEscape ? source.slice(i, ++i + 1) : character;
    const known = (inClass ? IN_CLASS : SYNTAX)[symbol];
    if (known !== undefined) text += known;
    else if (isEscape) {
      if (/\\[^\WbntrfvuxpP\d]/.test(symbol)) unsupported(source);
      // In JavaScript's Unicode mode only punctuation that means something may be escaped.
      text += /\\[\w^$\\.*+?()[\]{}|/-]/.test(symbol) ? symbol : symbol.slice(1);
    } else if (inClass ? /^(\[|&&)/.test(source.slice(i, i + 2)) : /^(\(\?[^:=!<]|[*+?]\+)/.test(source.slice(i, i + 3))) {
      const [all, inner] = /^\(\?i:([^\\[().^$]*)\)/.exec(source.slice(i)) ?? unsupported(source);
      text += `(?:${anyCase(inner!)})`;
      i += all.length - 1;
    } else {
      if (character === "[") inClass = true;
      if (character === "]") inClass = false;
      text += character;
    }
  }
  try {
    return new RegExp(text, "gu");
  } catch {
    return unsupported(source);
  }
}

/** (?i:...) as tokenizers use it: plain letters, alternatives, apostrophes. */
function anyCase(inner: string): string {
  return inner.replace(/[a-z]/gi, (letter) => {
    const lower = letter.toLowerCase();
    return `[${lower}${letter.toUpperCase()}${{ s: "\u017f", k: "\u212a" }[lower] ?? ""}]`;
  });
}

function unsupported(source: string): never {
  throw new UnsupportedError(`tokenizer.json: the pattern ${JSON.stringify(source)} has no JavaScript form.`);
}
