/**
 * WordPiece's decoder: a space before every token but the first, none before one that continues a word ("##ing" becomes "ing").
 * `cleanup` removes the spaces that English spelling does not have; it looks at one token (with its space) at a time.
 */

import type { Decoder } from "./component.ts";

const CLEANUPS: readonly (readonly [string, string])[] = [
  [" .", "."],
  [" ?", "?"],
  [" !", "!"],
  [" ,", ","],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [" do not", " don't"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
];

export function wordPieceDecoder(prefix: string, cleanup: boolean): Decoder {
  return (tokens) =>
    tokens.map((token, i) => {
      const piece = i === 0 ? token : token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`;
      return cleanup ? cleanUp(piece) : piece;
    });
}

export function cleanUp(text: string): string {
  return CLEANUPS.reduce((clean, [from, to]) => clean.replaceAll(from, to), text);
}
