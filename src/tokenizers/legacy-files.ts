/**
 * Vocabulary files from before tokenizer.json:
 *   vocab.txt                  WordPiece, one token a line; casing and accents as tokenizer_config.json says (do_lower_case, strip_accents)
 *   vocab.json + merges.txt    byte-level BPE (GPT-2's, RoBERTa's): token to id, and one merge a line in order of rank
 * They are turned into what tokenizer.json would say, so that there is one way to build a tokenizer.
 */

import { isObject, type JsonObject } from "../fields.ts";
import { parseJson } from "../files/json.ts";
import type { Kit, LegacyReader } from "./kit.ts";
import { readTokenizerJson } from "./read-json.ts";
import type { TokenizerParts } from "./tokenizer-core.ts";
import type { Vocabulary } from "./vocabulary.ts";
import { scanVocabTxt } from "./vocabulary-scan.ts";

export const readLegacyFiles: LegacyReader = async (files, kit, tokenizerConfig, specialTokensMap, signal) => {
  const config = { ...(isObject(specialTokensMap) ? specialTokensMap : {}), ...(isObject(tokenizerConfig) ? tokenizerConfig : {}) };
  const vocabTxt = await files.readIfPresent("vocab.txt", signal);
  if (vocabTxt !== undefined) return wordPieceFromVocabTxt(scanVocabTxt(vocabTxt), config, kit);
  const [vocabJson, mergesTxt] = await Promise.all([files.readIfPresent("vocab.json", signal), files.readIfPresent("merges.txt", signal)]);
  if (vocabJson === undefined || mergesTxt === undefined) return undefined;
  return bpeFromVocabAndMerges(parseJson(vocabJson, "vocab.json", files.label), new TextDecoder().decode(mergesTxt), config, kit);
};

function wordPieceFromVocabTxt(vocabulary: Vocabulary, config: JsonObject, kit: Kit): TokenizerParts {
  const mpnet = tokenOf(config, "cls", "[CLS]") === "<s>";
  const [cls, sep, unknown] = [tokenOf(config, "cls", "[CLS]"), tokenOf(config, "sep", "[SEP]"), tokenOf(config, "unk", "[UNK]")];
  const roles = [tokenOf(config, "pad", "[PAD]"), unknown, cls, sep, tokenOf(config, "mask", "[MASK]")];
  const processor = {
    type: mpnet ? "RobertaProcessing" : "BertProcessing",
    cls: [cls, vocabulary.get(cls)],
    sep: [sep, vocabulary.get(sep)],
    trim_offsets: true,
    add_prefix_space: false,
  };
  const json = {
    added_tokens: addedTokens(
      config,
      roles.filter((token) => vocabulary.get(token) !== undefined),
      vocabulary,
    ),
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: config.tokenize_chinese_chars ?? true,
      strip_accents: config.strip_accents ?? null,
      lowercase: config.do_lower_case ?? true,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: vocabulary.get(cls) === undefined || vocabulary.get(sep) === undefined ? null : processor,
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: { type: "WordPiece", unk_token: unknown, continuing_subword_prefix: "##", max_input_chars_per_word: 100 },
  };
  return readTokenizerJson(json, kit, vocabulary);
}

function bpeFromVocabAndMerges(vocab: unknown, merges: string, config: JsonObject, kit: Kit): TokenizerParts {
  const ids = isObject(vocab) ? vocab : {};
  const [cls, sep] = [tokenOf(config, "cls", "<s>"), tokenOf(config, "sep", "</s>")];
  const addPrefixSpace = config.add_prefix_space ?? false;
  const roles = [cls, sep, tokenOf(config, "pad", "<pad>"), tokenOf(config, "unk", "<unk>"), tokenOf(config, "mask", "<mask>")];
  const lines = merges.split("\n").map((line) => line.replace(/\r$/, ""));
  const json = {
    added_tokens: addedTokens(
      config,
      roles.filter((token) => Object.hasOwn(ids, token)),
      { get: (token) => ids[token] as number | undefined },
    ),
    normalizer: null,
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: addPrefixSpace, trim_offsets: true, use_regex: true },
    post_processor:
      ids[cls] === undefined || ids[sep] === undefined
        ? null
        : { type: "RobertaProcessing", cls: [cls, ids[cls]], sep: [sep, ids[sep]], trim_offsets: true, add_prefix_space: addPrefixSpace },
    decoder: { type: "ByteLevel", add_prefix_space: addPrefixSpace, trim_offsets: true, use_regex: true },
    model: { type: "BPE", vocab, merges: lines.filter((line) => line !== "" && !line.startsWith("#version")) },
  };
  return readTokenizerJson(json, kit);
}

function tokenOf(config: JsonObject, role: string, usual: string): string {
  const value = config[`${role}_token`];
  const content = isObject(value) ? value.content : value;
  return typeof content === "string" ? content : usual;
}

/** added_tokens_decoder of tokenizer_config.json where it is there, else the special tokens by name; <mask> takes the space before it along. */
function addedTokens(config: JsonObject, roles: readonly string[], vocabulary: { get(token: string): number | undefined }): unknown[] {
  const decoder = config.added_tokens_decoder;
  if (isObject(decoder)) {
    const byId = Object.entries(decoder).sort(([a], [b]) => Number(a) - Number(b));
    return byId.map(([id, token]) => ({ ...FLAGS, ...(isObject(token) ? token : {}), id: Number(id) }));
  }
  return roles.map((content) => ({ ...FLAGS, id: vocabulary.get(content) ?? 0, content, lstrip: content === "<mask>", special: true }));
}

const FLAGS = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: false };
