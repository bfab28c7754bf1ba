/**
 * The public Tokenizer: text to ids with offsets, and back, as the Rust library `tokenizers` does it for the same files.
 *
 *   const tokenizer = await Tokenizer.load("./model");
 *   const { ids, offsets } = tokenizer.encode("Hello world");
 *
 * It knows nothing of tensors or models. Reading the source: text-tokenizer.ts (what a tokenizer does), component.ts (the stages),
 * tokenizer-core.ts (their order), wordpiece.ts, bpe.ts and unigram.ts (the three algorithms), encoding.ts (special tokens and windows).
 */

import { checkOptions } from "../checks.ts";
import { loadFrom } from "../files/open.ts";
import type { LoadOptions, ModelSource } from "../files/types.ts";
import type { EncodeOptions, Encoding } from "./encoding.ts";
import { readTokenizerFiles, type TokenizerFiles } from "./files.ts";
import { fullKit } from "./full-kit.ts";
import { readTokenizerJson } from "./read-json.ts";
import { TextTokenizer } from "./text-tokenizer.ts";

export type { EncodeOptions, Encoding };

const DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2";

export class Tokenizer extends TextTokenizer {
  /**
   * @param source Hub id, folder, URL, or the files; absent: the default embedding model's
   * @throws ConfigError where there are no tokenizer files, FormatError and UnsupportedError where they cannot be read
   */
  static async load(source?: ModelSource, options: LoadOptions = {}): Promise<Tokenizer> {
    checkOptions(options);
    return loadFrom(source, { defaultModel: DEFAULT_MODEL, ...options }, (files) => Tokenizer.fromFiles(files, options.signal));
  }

  /** tokenizer.json and (optional) tokenizer_config.json, parsed. ConfigError or UnsupportedError where they cannot be used. */
  static fromJSON(tokenizerJson: unknown, tokenizerConfig?: unknown): Tokenizer {
    return new Tokenizer(readTokenizerJson(tokenizerJson, fullKit), tokenizerConfig);
  }

  /** From an opened model folder: tokenizer.json, else vocab.txt, else vocab.json with merges.txt. @internal */
  static async fromFiles(files: TokenizerFiles, signal?: AbortSignal): Promise<Tokenizer> {
    const { parts, tokenizerConfig, specialTokensMap } = await readTokenizerFiles(files, fullKit, signal);
    return new Tokenizer(parts, tokenizerConfig, specialTokensMap);
  }
}
