/**
 * WordPiece's decoder: a space before every token but the first, none before one that continues a word ("##ing" becomes "ing").
 * `cleanup` removes the spaces that English spelling does not have; it looks at one token (with its space) at a time.
 */

import type { Decoder } from "./component.ts";

/** Spaces that English spelling does not have, as transformers' `clean_up_tokenization` removes them from a whole text. */
const ENGLISH: readonly (readonly [spaced: string, joined: string])[] = [
  [" .", "."],
  [" ?", "?"],
  [" !", "!"],
  [" ,", ","],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
];

/** The Rust library knows one more. */
const CLEANUPS = [...ENGLISH, [" do not", " don't"] as const];

export function wordPieceDecoder(prefix: string, cleanup: boolean): Decoder {
  return (tokens) =>
    tokens.map((token, i) => {
      const piece = i === 0 ? token : token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`;
      return cleanup ? cleanUp(piece) : piece;
    });
}

/** What the Rust library's decoders do to a token. */
export function cleanUp(piece: string): string {
  return replaceAll(piece, CLEANUPS);
}

/** What transformers does to a decoded text. */
export function cleanUpEnglish(text: string): string {
  return replaceAll(text, ENGLISH);
}

function replaceAll(text: string, pairs: readonly (readonly [string, string])[]): string {
  return pairs.reduce((clean, [from, to]) => clean.replaceAll(from, to), text);
}
