/**
 * The small pre-tokenizers of tokenizer.json: WhitespaceSplit, Whitespace, Punctuation, Digits, CharDelimiterSplit, FixedLength, Split, Metaspace,
 * Sequence. (Their own files: bert-pre-tokenizer.ts, byte-level.ts.) Most find matches in each word; a behaviour says what becomes of them:
 *
 *   on "-", "the-final--one":  Removed             the | final | one
 *                              Isolated            the | - | final | - | - | one
 *                              MergedWithPrevious  the- | final- | - | one
 *                              MergedWithNext      the | -final | - | -one
 *                              Contiguous          the | - | final | -- | one
 */

import { AlignedText } from "./aligned-text.ts";
import type { PreTokenizer, Words } from "./component.ts";
import { type Match, matchesOf } from "./pattern.ts";
import { append } from "./rewriter.ts";
import { isSpace, kindOf, PUNCT } from "./unicode/character-kinds.ts";
import { NUMERIC, SPACE, WORD } from "./unicode/classes.ts";

export const BEHAVIORS = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"] as const;
export type Behavior = (typeof BEHAVIORS)[number];

/** Finds the matches in units [from, to); positions are those of the text. */
type Finder = (text: AlignedText, from: number, to: number) => Match[];

/** Splits each word at what `find` finds; `invert` splits at what lies between. */
export function splitAt(find: Finder, behavior: Behavior, invert = false): PreTokenizer {
  return {
    split({ text, bounds }: Words): Words {
      const found: number[] = [];
      for (let w = 0; w < bounds.length; w += 2)
        cut(find(text, bounds[w]!, bounds[w + 1]!), bounds[w]!, bounds[w + 1]!, behavior, invert, found);
      return { text, bounds: found };
    },
  };
}

interface Stretch {
  from: number;
  to: number;
  readonly match: boolean;
}

function cut(matches: readonly Match[], from: number, to: number, behavior: Behavior, invert: boolean, found: number[]): void {
  const stretches: Stretch[] = [];
  let done = from;
  for (const [start, end] of matches) {
    if (start > done) stretches.push({ from: done, to: start, match: invert });
    stretches.push({ from: start, to: end, match: !invert });
    done = end;
  }
  if (done < to) stretches.push({ from: done, to, match: invert });
  for (const stretch of merged(stretches, behavior)) if (stretch.to > stretch.from) found.push(stretch.from, stretch.to);
}

function merged(stretches: Stretch[], behavior: Behavior): Stretch[] {
  if (behavior === "Isolated") return stretches;
  if (behavior === "Removed") return stretches.filter(({ match }) => !match);
  const backwards = behavior === "MergedWithNext";
  const kept: Stretch[] = [];
  let matchBefore = false;
  for (const stretch of backwards ? stretches.reverse() : stretches) {
    const last = kept.at(-1);
    const joins = behavior === "Contiguous" ? stretch.match === matchBefore : stretch.match && !matchBefore;
    matchBefore = stretch.match;
    if (!joins || last === undefined) kept.push({ ...stretch });
    else if (backwards) last.from = stretch.from;
    else last.to = stretch.to;
  }
  return backwards ? kept.reverse() : kept;
}

/** Each character that `matches` is true for. */
export function characterFinder(matches: (codePoint: number) => boolean): Finder {
  return (text, from, to) => {
    const found: Match[] = [];
    for (let i = from; i < to; ) {
      const codePoint = text.codePointAt(i);
      const next = i + (codePoint > 0xffff ? 2 : 1);
      if (matches(codePoint)) found.push([i, next]);
      i = next;
    }
    return found;
  };
}

/** Each match of a regular expression (global, Unicode). */
export function regexFinder(pattern: RegExp): Finder {
  return (text, from, to) => matchesOf(pattern, text.slice(from, to), from);
}

export const whitespaceSplit = splitAt(characterFinder(isSpace), "Removed");
/** Words of \w, and runs of what is neither \w nor white space. */
export const whitespace = (): PreTokenizer => splitAt(regexFinder(new RegExp(`[${WORD}]+|[^${WORD}${SPACE}]+`, "gu")), "Removed", true);
export const punctuation = (behavior: Behavior): PreTokenizer =>
  splitAt(
    characterFinder((code) => (kindOf(code) & PUNCT) !== 0),
    behavior,
  );
export function digits(individual: boolean): PreTokenizer {
  const numeric = new RegExp(NUMERIC, "u");
  return splitAt(
    characterFinder((code) => numeric.test(String.fromCodePoint(code))),
    individual ? "Isolated" : "Contiguous",
  );
}
export const delimiterSplit = (delimiter: string): PreTokenizer =>
  splitAt(
    characterFinder((code) => code === delimiter.codePointAt(0)),
    "Removed",
  );

export function fixedLength(length: number): PreTokenizer {
  const chunks: Finder = (text, from, to) => {
    const found: Match[] = [];
    let start = from;
    let count = 0;
    for (let i = from; i < to; ) {
      i += text.codePointAt(i) > 0xffff ? 2 : 1;
      if (++count === length || i === to) {
        found.push([start, i]);
        start = i;
        count = 0;
      }
    }
    return found;
  };
  return splitAt(chunks, "Isolated");
}

export type PrependScheme = "first" | "never" | "always";

/** SentencePiece's way with spaces: each becomes "▁", one is put in front, and every word starts with one. */
export function metaspace(replacement: string, scheme: PrependScheme, split: boolean): PreTokenizer {
  const mark = replacement.codePointAt(0)!;
  const words = splitAt(
    characterFinder((code) => code === mark),
    "MergedWithNext",
  );
  return {
    split({ text, bounds }: Words): Words {
      const out = new AlignedText(text.length + 16);
      const marked: number[] = [];
      for (let w = 0; w < bounds.length; w += 2) {
        const from = bounds[w]!;
        const to = bounds[w + 1]!;
        const start = out.length;
        const present = text.codes[from] === 32 || text.codePointAt(from) === mark;
        const prepends = !present && (scheme === "always" || (scheme === "first" && text.starts[from] === 0));
        if (prepends) out.push(mark, text.starts[from]!, text.ends[from]!);
        if (mark < 0x10000) {
          const base = out.length;
          append(out, text, from, to);
          for (let i = base; i < out.length; i++) if (out.codes[i] === 32) out.codes[i] = mark;
        } else {
          for (let i = from; i < to; i++) out.push(text.codes[i] === 32 ? mark : text.codes[i]!, text.starts[i]!, text.ends[i]!);
        }
        marked.push(start, out.length);
      }
      const all = { text: out, bounds: marked };
      return split ? words.split(all) : all;
    },
  };
}

export function sequence(steps: readonly PreTokenizer[]): PreTokenizer {
  return { split: (words) => steps.reduce((before, step) => step.split(before), words) };
}
