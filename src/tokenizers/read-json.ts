/**
 * tokenizer.json (parsed) to a TokenizerCore: each stage by the kit, then the added tokens.
 * The file's truncation and padding blocks are not applied: what to truncate is the caller's choice (and padding is never needed here).
 */

import type { AddedToken } from "./added-tokens.ts";
import type { TokenModel } from "./component.ts";
import { asArray, asBoolean, asId, asObject, asString, type JsonObject } from "./json.ts";
import { type Kit, make, pick } from "./kit.ts";
import { TokenizerCore } from "./tokenizer-core.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** `vocabulary`: the content of model.vocab where it was read beforehand (vocabulary-scan.ts). */
export function readTokenizerJson(tokenizerJson: unknown, kit: Kit, vocabulary?: Vocabulary): TokenizerCore {
  const json = asObject(tokenizerJson, "tokenizer.json");
  const model = readModel(asObject(json.model, "tokenizer.json: model"), kit, vocabulary);
  return new TokenizerCore({
    normalizer: make("normalizer", kit.normalizers, json.normalizer, kit),
    preTokenizer: make("pre_tokenizer", kit.preTokenizers, json.pre_tokenizer, kit),
    model,
    template: make("post_processor", kit.postProcessors, json.post_processor, kit),
    decoder: make("decoder", kit.decoders, json.decoder, kit),
    added: readAddedTokens(json.added_tokens, model),
  });
}

function readModel(json: JsonObject, kit: Kit, vocabulary: Vocabulary | undefined): TokenModel {
  const type = json.type === undefined ? guessModel(json) : asString(json.type, "model.type");
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
function readAddedTokens(json: unknown, model: TokenModel): AddedToken[] {
  if (json === undefined || json === null) return [];
  const byContent = new Map<string, AddedToken>();
  let nextId = model.size;
  asArray(json, "added_tokens").forEach((entry, i) => {
    const what = `added_tokens[${i}]`;
    const token = asObject(entry, what);
    const content = asString(token.content, `${what}.content`);
    asId(token.id, `${what}.id`);
    if (content === "") return;
    const flag = (name: string): boolean => asBoolean(token[name], `${what}.${name}`);
    byContent.set(content, {
      id: byContent.get(content)?.id ?? model.tokenToId(content) ?? nextId++,
      content,
      singleWord: flag("single_word"),
      lstrip: flag("lstrip"),
      rstrip: flag("rstrip"),
      normalized: flag("normalized"),
      // Once special, always special, even if the list has the token again as an ordinary one.
      special: flag("special") || byContent.get(content)?.special === true,
    });
  });
  return [...byContent.values()];
}
