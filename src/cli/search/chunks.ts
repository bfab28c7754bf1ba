/**
 * A text as passages that fit the model: windows of tokens with an overlap, cut where the tokenizer cuts, so that nothing of a long
 * file is lost to truncation. A passage is a slice of the file's own characters.
 */
import type { SentenceEncoder } from "../../tasks/sentence-encoder.ts";

export interface Chunk {
  /** Line that the passage starts on, from 1. */
  readonly line: number;
  /** UTF-16 range in the file's text. */
  readonly start: number;
  readonly end: number;
}

/**
 * Tokens of a passage, special ones included, where the model takes more. Shorter passages are about one thing, so that a query finds it;
 * they also cost less attention. Sentence models are trained on texts of about this length.
 */
const MAX_WINDOW = 128;
/** Tokens shared by neighbouring windows, as a share of the window: a sentence on the border stays whole in one of them. */
const OVERLAP = 0.125;

export function chunksOf(encoder: SentenceEncoder, text: string): Chunk[] {
  if (text.trim() === "") return [];
  const maxLength = Math.min(encoder.maxSeqLength, MAX_WINDOW);
  const stride = Math.floor(maxLength * OVERLAP);
  const first = encoder.tokenizer.encode(text, null, { truncation: "only_first", maxLength, stride });
  const lineAt = lineCounter(text);
  return [first, ...first.overflowing].flatMap(({ offsets, specialTokensMask }) => {
    const own = offsets.filter((_, t) => specialTokensMask[t] === 0);
    if (own.length === 0) return [];
    const start = own[0]![0];
    return [{ line: lineAt(start), start, end: own.at(-1)![1] }];
  });
}

/** Line numbers of rising positions, in one walk over the text. */
export function lineCounter(text: string): (position: number) => number {
  let line = 1;
  let at = 0;
  return (position) => {
    if (position < at) {
      line = 1;
      at = 0;
    }
    for (let next = text.indexOf("\n", at); next >= 0 && next < position; next = text.indexOf("\n", at)) {
      line++;
      at = next + 1;
    }
    return line;
  };
}
