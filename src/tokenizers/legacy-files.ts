/**
 * Vocabulary files from before tokenizer.json:
 *   vocab.txt                  WordPiece, one token a line; casing and accents as tokenizer_config.json says (do_lower_case, strip_accents)
 *   vocab.json + merges.txt    byte-level BPE (GPT-2's, RoBERTa's): token to id, and one merge a line in order of rank
 * They are turned into what tokenizer.json would say, so that there is one way to build a tokenizer.
 */

import { isObject } from "../checks.ts";
import type { JsonObject } from "../fields.ts";
import { parseJson } from "../files/json.ts";
import type { Kit, LegacyReader } from "./kit.ts";
import { readTokenizerJson } from "./read-json.ts";
import { nameIn } from "./special-tokens.ts";
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
  const tokens = (["cls", "sep", "pad", "unk", "mask"] as const).map((role) => nameIn(config, role) ?? `[${role.toUpperCase()}]`);
  const json = {
    ...specialTokens(tokens[0] === "<s>" ? "RobertaProcessing" : "BertProcessing", tokens, config, vocabulary), // MPNet's is "<s>"
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: config.tokenize_chinese_chars ?? true,
      strip_accents: config.strip_accents ?? null,
      lowercase: config.do_lower_case ?? true,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: { type: "WordPiece", unk_token: tokens[3], continuing_subword_prefix: "##", max_input_chars_per_word: 100 },
  };
  return readTokenizerJson(json, kit, vocabulary);
}

function bpeFromVocabAndMerges(vocab: unknown, merges: string, config: JsonObject, kit: Kit): TokenizerParts {
  const ids = new Map(isObject(vocab) ? (Object.entries(vocab) as [string, number][]) : []);
  const usual = [
    ["cls", "<s>"],
    ["sep", "</s>"],
    ["pad", "<pad>"],
    ["unk", "<unk>"],
    ["mask", "<mask>"],
  ] as const;
  const tokens = usual.map(([role, token]) => nameIn(config, role) ?? token);
  const lines = merges.split("\n").map((line) => line.replace(/\r$/, ""));
  const byteLevel = { type: "ByteLevel", add_prefix_space: config.add_prefix_space ?? false, trim_offsets: true, use_regex: true };
  const json = {
    ...specialTokens("RobertaProcessing", tokens, config, ids),
    normalizer: null,
    pre_tokenizer: byteLevel,
    decoder: byteLevel,
    model: { type: "BPE", vocab, merges: lines.filter((line) => line !== "" && !line.startsWith("#version")) },
  };
  return readTokenizerJson(json, kit);
}

/** What is added to the vocabulary and put around texts. A token that is only added has its id from there. */
function specialTokens(type: string, tokens: readonly string[], config: JsonObject, vocabulary: Ids): JsonObject {
  const added = addedTokens(config, tokens, vocabulary);
  const idOf = (token: string) => vocabulary.get(token) ?? added.find(({ content }) => content === token)?.id;
  const [cls, sep] = tokens as [string, string];
  const [clsId, sepId] = [idOf(cls), idOf(sep)];
  const isThere = clsId !== undefined && sepId !== undefined;
  const processor = { type, cls: [cls, clsId], sep: [sep, sepId], trim_offsets: true, add_prefix_space: config.add_prefix_space ?? false };
  return { added_tokens: added, post_processor: isThere ? processor : null };
}

interface Ids {
  get(token: string): number | undefined;
}

/** added_tokens_decoder of tokenizer_config.json where it is there, else the special tokens that have an id; <mask> takes the space before it along. */
function addedTokens(config: JsonObject, tokens: readonly string[], vocabulary: Ids): JsonObject[] {
  const decoder = config.added_tokens_decoder;
  if (isObject(decoder)) {
    const byId = Object.entries(decoder).sort(([a], [b]) => Number(a) - Number(b));
    return byId.map(([id, token]) => ({ ...FLAGS, ...(isObject(token) ? token : {}), id: Number(id) }));
  }
  return tokens
    .map((content) => ({ ...FLAGS, id: vocabulary.get(content), content, lstrip: content === "<mask>", special: true }))
    .filter(({ id }) => id !== undefined);
}

const FLAGS = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: false };
