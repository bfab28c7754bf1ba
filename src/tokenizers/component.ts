/**
 * The stages of a tokenizer as contracts, in the order in which a text passes them:
 *
 *   string -> Normalizer -> AlignedText -> PreTokenizer -> words -> TokenModel -> Pieces -> Template (template.ts) -> Encoding
 *
 * and, for decode, tokens -> Decoder -> string.
 */

import type { AlignedText } from "./aligned-text.ts";
import type { Pieces } from "./pieces.ts";

export interface Normalizer {
  apply(text: AlignedText): AlignedText;
  /** The same for the part [from, to) of a string, where there is a shorter way. The result is good until the next call. */
  normalize?(original: string, from: number, to: number): AlignedText;
}

/** A text and the words in it: word w is its units [bounds[2w], bounds[2w + 1]). Words are never empty. */
export interface Words {
  readonly text: AlignedText;
  readonly bounds: readonly number[];
}

export interface PreTokenizer {
  /** Splits each of the given words further. */
  split(words: Words): Words;
}

export interface TokenModel {
  /** Tokens in the model's own vocabulary. */
  readonly size: number;
  /** True where the tokens hold the text's own spaces (BPE), so that decoded text is not to be cleaned of any. */
  readonly keepsSpaces?: boolean;
  /** Appends the tokens of the word that is units [from, to) of `text`. */
  tokenize(text: AlignedText, from: number, to: number, word: number, out: Pieces): void;
  tokenToId(token: string): number | undefined;
  idToToken(id: number): string | undefined;
}

/** Turns tokens into the pieces of text that `decode` concatenates. */
export type Decoder = (tokens: string[]) => string[];
