/**
 * Which token is the classifier's, the separator, the mask and so on. tokenizer_config.json says it, else special_tokens_map.json;
 * without both the usual spellings are tried. A role that no token of the vocabulary has is undefined.
 */

import { isObject } from "../checks.ts";
import type { TokenizerCore } from "./tokenizer-core.ts";

export interface SpecialToken {
  readonly token: string;
  readonly id: number;
}
export type SpecialRole = "cls" | "sep" | "pad" | "mask" | "unk" | "bos" | "eos";
export type SpecialTokens = Readonly<Partial<Record<SpecialRole, SpecialToken>>>;

const USUAL: Readonly<Record<SpecialRole, readonly string[]>> = {
  cls: ["[CLS]", "<s>"],
  sep: ["[SEP]", "</s>"],
  pad: ["[PAD]", "<pad>"],
  mask: ["[MASK]", "<mask>"],
  unk: ["[UNK]", "<unk>"],
  bos: ["<s>"],
  eos: ["</s>"],
};

export function readSpecialTokens(core: TokenizerCore, tokenizerConfig: unknown, specialTokensMap: unknown): SpecialTokens {
  const found: Partial<Record<SpecialRole, SpecialToken>> = {};
  for (const role of Object.keys(USUAL) as SpecialRole[]) {
    const named = nameIn(tokenizerConfig, role) ?? nameIn(specialTokensMap, role);
    for (const token of named === undefined ? USUAL[role] : [named]) {
      const id = core.tokenToId(token);
      if (id !== undefined) {
        found[role] = { token, id };
        break;
      }
    }
  }
  return found;
}

/** "mask_token": "[MASK]", or an object with its content. */
export function nameIn(json: unknown, role: SpecialRole): string | undefined {
  const value = isObject(json) ? json[`${role}_token`] : undefined;
  const name = isObject(value) ? value.content : value;
  return typeof name === "string" ? name : undefined;
}
