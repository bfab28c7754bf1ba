/**
 * tokenizer.json (parsed) to the parts of a tokenizer: each stage by the kit, then the added tokens.
 * The file's truncation and padding blocks are not applied: what to truncate is the caller's choice (and padding is never needed here).
 */

import { Fields, type JsonObject } from "../fields.ts";
import type { AddedToken } from "./added-tokens.ts";
import type { TokenModel } from "./component.ts";
import { type Kit, make, pick } from "./kit.ts";
import type { TokenizerParts } from "./tokenizer-core.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** `vocabulary`: the content of model.vocab where it was read beforehand (vocabulary-scan.ts). */
export function readTokenizerJson(tokenizerJson: unknown, kit: Kit, vocabulary?: Vocabulary): TokenizerParts {
  const json = new Fields(tokenizerJson, "tokenizer.json", ": ");
  const model = readModel(json.fields("model"), kit, vocabulary);
  const part = (stage: string) => json.find(stage)?.value;
  return {
    normalizer: make("normalizer", kit.normalizers, part("normalizer"), kit),
    preTokenizer: make("pre_tokenizer", kit.preTokenizers, part("pre_tokenizer"), kit),
    model,
    template: make("post_processor", kit.postProcessors, part("post_processor"), kit),
    decoder: make("decoder", kit.decoders, part("decoder"), kit),
    added: readAddedTokens(json.list("added_tokens", { fallback: [] }), model),
  };
}

function readModel(json: Fields, kit: Kit, vocabulary: Vocabulary | undefined): TokenModel {
  const type = json.text("type", { fallback: guessModel(json.values) });
  return pick("model", kit.models, type)(json, vocabulary);
}

/** Old files leave the type out. */
function guessModel(json: JsonObject): string {
  if (Array.isArray(json.vocab)) return "Unigram";
  if ("merges" in json) return "BPE";
  return "continuing_subword_prefix" in json ? "WordPiece" : "WordLevel";
}

/**
 * As in the reference, the ids in the list do not decide: a token that the model knows has the model's id, others get the ids that follow the
 * vocabulary, in the order of the list. (Files that the reference wrote agree with that.)
 */
function readAddedTokens(list: readonly unknown[], model: TokenModel): AddedToken[] {
  const byContent = new Map<string, AddedToken>();
  let nextId = model.size;
  list.forEach((entry, i) => {
    const token = new Fields(entry, `added_tokens[${i}]`);
    const content = token.text("content");
    token.id("id");
    if (content === "") return;
    byContent.set(content, {
      id: byContent.get(content)?.id ?? model.tokenToId(content) ?? nextId++,
      content,
      singleWord: token.flag("single_word"),
      lstrip: token.flag("lstrip"),
      rstrip: token.flag("rstrip"),
      normalized: token.flag("normalized"),
      // Once special, always special, even if the list has the token again as an ordinary one.
      special: token.flag("special") || byContent.get(content)?.special === true,
    });
  });
  return [...byContent.values()];
}
