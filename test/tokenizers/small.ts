/** Small tokenizers made of a few words, for tests that are about one thing. */

import { Tokenizer } from "../../src/tokenizers/tokenizer.ts";

export const BERT_NORMALIZER = {
  type: "BertNormalizer",
  clean_text: true,
  handle_chinese_chars: true,
  strip_accents: null,
  lowercase: true,
};

export function wordPieceJson(tokens: readonly string[], changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    added_tokens: [],
    normalizer: BERT_NORMALIZER,
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: null,
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
    },
    ...changes,
  };
}

export function wordPiece(tokens: readonly string[], changes: Record<string, unknown> = {}): Tokenizer {
  return Tokenizer.fromJSON(wordPieceJson(tokens, changes));
}

export function addedToken(content: string, flags: Record<string, boolean> = {}): Record<string, unknown> {
  return { id: 0, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: false, ...flags };
}
