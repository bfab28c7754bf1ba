/**
 * Decoding as transformers' tokenizers do: after the Rust library's decode, and only where tokenizer_config.json says
 * `clean_up_tokenization_spaces`, the spaces before English punctuation and contractions go.
 */

import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import type { JsonObject } from "./json-file.ts";

const CLEANED: readonly (readonly [spaced: string, joined: string])[] = [
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

export type Decode = (ids: readonly number[], skipSpecialTokens: boolean) => string;

export function decoderOf(tokenizer: Tokenizer, tokenizerConfig: JsonObject): Decode {
  const cleans = tokenizerConfig.clean_up_tokenization_spaces === true;
  return (ids, skipSpecialTokens) => {
    const text = tokenizer.decode(ids, { skipSpecialTokens });
    return cleans ? CLEANED.reduce((cleaned, [spaced, joined]) => cleaned.replaceAll(spaced, joined), text) : text;
  };
}
