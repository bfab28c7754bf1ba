/**
 * Texts to tokens within a model's length. What is cut is never cut silently: `onTruncate` is told which text and how many tokens it has in full,
 * and where a task has no such option a warning on the console says it once.
 */

import type { Encoding, Tokenizer } from "../tokenizers/tokenizer.ts";

/** index: of the text in the call; tokens: how many the whole text has, special tokens included. */
export type OnTruncate = (index: number, tokens: number) => void;

export interface TextPair {
  text: string;
  textPair?: string;
}

export interface Limit {
  readonly maxLength: number;
  /** Default "longest_first"; "only_first" keeps the second text of a pair whole. */
  readonly strategy?: "longest_first" | "only_first";
  /** Default true. */
  readonly addSpecialTokens?: boolean;
  readonly onTruncate: OnTruncate | undefined;
}

/** @param index of the text in the call, for onTruncate */
export function encodeWithin(tokenizer: Tokenizer, { text, textPair }: TextPair, index: number, limit: Limit): Encoding {
  const { maxLength, strategy = "longest_first", addSpecialTokens = true, onTruncate } = limit;
  if (maxLength === Number.POSITIVE_INFINITY) return tokenizer.encode(text, textPair, { addSpecialTokens });
  const encoding = tokenizer.encode(text, textPair, { addSpecialTokens, truncation: strategy, maxLength });
  if (onTruncate && encoding.overflowing.length > 0) onTruncate(index, tokenizer.encode(text, textPair, { addSpecialTokens }).ids.length);
  return encoding;
}

/** For tasks without an onTruncate of the caller's: one warning for the first text cut. */
export function warnOnce(task: string, label: string, maxLength: number): OnTruncate {
  let told = false;
  return (index, tokens) => {
    if (told) return;
    told = true;
    console.warn(
      `${task}: text ${index} has ${tokens} tokens, the model takes ${maxLength} (${label}), so its end was cut off; { onTruncate } tells of every such text`,
    );
  };
}
