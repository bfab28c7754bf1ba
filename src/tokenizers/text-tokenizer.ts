/**
 * TextTokenizer: what a tokenizer does once its files are read: text to ids with offsets, and back, as the Rust library `tokenizers` does it.
 * The public Tokenizer (tokenizer.ts) adds the ways to read every kind of file; a small bundle adds fewer.
 */

import { check, checkList, checkOneOf, checkOptions, isObject, unexpected } from "../checks.ts";
import { isId } from "../fields.ts";
import type { EncodeOptions, Encoding } from "./encoding.ts";
import { readSpecialTokens, type SpecialTokens } from "./special-tokens.ts";
import { readModelMaxLength } from "./tokenizer-config.ts";
import { TokenizerCore, type TokenizerParts } from "./tokenizer-core.ts";
import { WordPiece } from "./wordpiece.ts";
import { cleanUpEnglish } from "./wordpiece-decoder.ts";

export class TextTokenizer extends TokenizerCore {
  /** Tokens that a model of this tokenizer takes at most, from tokenizer_config.json; Infinity where the file gives none. */
  readonly modelMaxLength: number;
  /** Whether tokenizer_config.json has transformers clean up decoded text: never that of BPE (since transformers 5). */
  readonly cleanUpTokenizationSpaces: boolean;
  /** The tokens with a role ([CLS], [SEP], [PAD], [MASK], [UNK]) and their ids. */
  readonly specialTokens: SpecialTokens;

  /** Use Tokenizer.load or Tokenizer.fromJSON. */
  constructor(parts: TokenizerParts, tokenizerConfig?: unknown, specialTokensMap?: unknown) {
    super(parts);
    this.modelMaxLength = readModelMaxLength(tokenizerConfig);
    this.cleanUpTokenizationSpaces =
      isObject(tokenizerConfig) && tokenizerConfig.clean_up_tokenization_spaces === true && !parts.model.keepsSpaces;
    this.specialTokens = readSpecialTokens(this, tokenizerConfig, specialTokensMap);
  }

  /** "##" for WordPiece; undefined where the model does not mark the tokens that continue a word. */
  get continuingSubwordPrefix(): string | undefined {
    const { model } = this;
    return model instanceof WordPiece ? model.continuingPrefix : undefined;
  }

  /**
   * @param pair a second text for models that read two
   * @throws ConfigError where the truncation asked for is impossible
   */
  encode(text: string, pair?: string | null, options: EncodeOptions = {}): Encoding {
    checkEncodeOptions(options);
    const texts = pair === undefined || pair === null ? [text] : [text, pair];
    for (const each of texts) {
      check(typeof each === "string", "encode", "a string (encodeBatch takes several)", each);
    }
    return this.encodeTexts(texts, options, this.modelMaxLength);
  }

  /** One Encoding per text or [text, pair]. Nothing is padded. */
  encodeBatch(inputs: readonly (string | readonly [text: string, pair: string])[], options: EncodeOptions = {}): Encoding[] {
    checkList(inputs, "encodeBatch", "a list of texts or [text, pair]");
    return inputs.map((input: unknown, i) => {
      if (typeof input === "string") return this.encode(input, null, options);
      if (Array.isArray(input) && input.length === 2) return this.encode(input[0], input[1], options);
      throw unexpected(`encodeBatch: input ${i}`, "a text or [text, pair]", input);
    });
  }

  /**
   * Text of the ids, as the Rust library writes it; ids that no token has are left out.
   * @param options.cleanUpTokenizationSpaces takes out the spaces that English spelling does not have, over the whole text: what transformers does on
   * top where tokenizer_config.json asks for it (the property of that name says so); default false
   */
  decode(
    ids: readonly number[],
    options: { readonly skipSpecialTokens?: boolean; readonly cleanUpTokenizationSpaces?: boolean } = {},
  ): string {
    checkOptions(options);
    check(typeof ids?.findIndex === "function", "decode", "a list of ids", ids);
    const wrong = ids.findIndex((id) => !isId(id));
    check(wrong < 0, `decode: ids[${wrong}]`, "a token id", ids[wrong]);
    const text = this.decodeIds(ids, options.skipSpecialTokens ?? true);
    return options.cleanUpTokenizationSpaces ? cleanUpEnglish(text) : text;
  }
}

function checkEncodeOptions(options: EncodeOptions): void {
  const { truncation, offsets } = checkOptions(options);
  checkOneOf(truncation ?? false, "truncation", [false, "longest_first", "only_first", "only_second"]);
  checkOneOf(offsets ?? "utf16", "offsets", ["utf16", "codepoint"]);
}
