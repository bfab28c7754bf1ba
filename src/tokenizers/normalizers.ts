/**
 * The small normalisers of tokenizer.json: Lowercase, StripAccents, Strip, Nmt, Replace, Prepend, ByteLevel, Sequence.
 * (Their own files: bert-normalizer.ts, unicode-normalizers.ts, charsmap.ts.)
 */

import { AlignedText } from "./aligned-text.ts";
import { byteLevelText } from "./byte-level.ts";
import type { Normalizer } from "./component.ts";
import { matchesOf } from "./pattern.ts";
import { append, eachCodePoint, filtered, part, prepended, Rewriter } from "./rewriter.ts";
import { isMark } from "./unicode/categories.ts";
import { isSpace } from "./unicode/character-kinds.ts";
import { lowerCase } from "./unicode/lower-case.ts";

export const lowercase: Normalizer = {
  apply(text) {
    const rewriter = new Rewriter(text);
    eachCodePoint(text, (codePoint) => rewriter.replace(lowerCase(codePoint)));
    return rewriter.out;
  },
};

export function stripAccents(): Normalizer {
  return { apply: (text) => filtered(text, (codePoint) => codePoint < 0x300 || !isMark(codePoint)) };
}

/** White space at the ends. */
export function strip(left: boolean, right: boolean): Normalizer {
  return {
    apply(text) {
      let from = 0;
      let to = text.length;
      while (left && from < to && isSpace(text.codes[from]!)) from++;
      while (right && to > from && isSpace(text.codes[to - 1]!)) to--;
      return part(text, from, to);
    },
  };
}

/** The clean-up of Google's NMT: some control characters go, white space and invisible characters become spaces. */
export const nmt: Normalizer = {
  apply(text) {
    const out = new AlignedText(text.length);
    eachCodePoint(text, (code, i) => {
      const removed =
        (code >= 1 && code <= 8) || code === 11 || (code >= 14 && code <= 31) || code === 0x7f || code === 0x8f || code === 0x9f;
      if (!removed) out.push(NMT_SPACES.has(code) ? 32 : code, text.starts[i]!, text.ends[i]!);
    });
    return out;
  },
};

const NMT_SPACES = new Set([9, 10, 12, 13, 0x1680, 0x200b, 0x200c, 0x200d, 0x200e, 0x200f, 0x2028, 0x2029, 0x2581, 0xfeff, 0xfffd]);

/** Every match becomes `content`, which takes the range of the match's last character. */
export function replace(pattern: RegExp, content: string): Normalizer {
  return {
    apply(text) {
      const matches = matchesOf(pattern, text.slice());
      if (matches.length === 0) return text;
      const out = new AlignedText(text.length);
      let done = 0;
      for (const [from, to] of matches) {
        append(out, text, done, from);
        const last = Math.max(to - 1, 0);
        for (const character of content) out.push(character.codePointAt(0)!, text.starts[last]!, text.ends[last]!);
        done = to;
      }
      append(out, text, done, text.length);
      return out;
    },
  };
}

/** `prefix` in front of a text that is not empty, with the range of its first character. */
export function prepend(prefix: string): Normalizer {
  return { apply: (text) => (text.length === 0 ? text : prepended(text, prefix, 0, text.length)) };
}

export const byteLevel: Normalizer = { apply: byteLevelText };

export function sequence(steps: readonly Normalizer[]): Normalizer {
  return { apply: (text) => steps.reduce((before, step) => step.apply(before), text) };
}
