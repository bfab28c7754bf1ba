/**
 * From the files of a model folder to a tokenizer: tokenizer.json where it is, else the vocabulary files from before it existed
 * (Kit.legacy), with tokenizer_config.json and special_tokens_map.json beside either.
 */

import { ConfigError } from "../errors.ts";
import { readJson } from "../files/json.ts";
import type { ModelFiles } from "../files/types.ts";
import type { Kit } from "./kit.ts";
import { readTokenizerJson } from "./read-json.ts";
import type { TokenizerParts } from "./tokenizer-core.ts";
import { scanTokenizerJson } from "./vocabulary-scan.ts";

/** The part of an opened model folder that a tokenizer needs. */
export type TokenizerFiles = Pick<ModelFiles, "label" | "readIfPresent">;

export interface ReadTokenizer {
  readonly parts: TokenizerParts;
  readonly tokenizerConfig: unknown;
  readonly specialTokensMap: unknown;
}

export async function readTokenizerFiles(files: TokenizerFiles, kit: Kit, signal?: AbortSignal): Promise<ReadTokenizer> {
  const [tokenizerJson, tokenizerConfig, specialTokensMap] = await Promise.all([
    files.readIfPresent("tokenizer.json", signal),
    readJson(files, "tokenizer_config.json", signal),
    readJson(files, "special_tokens_map.json", signal),
  ]);
  if (tokenizerJson !== undefined) {
    const { json, vocabulary } = scanTokenizerJson(tokenizerJson);
    return { parts: readTokenizerJson(json, kit, vocabulary), tokenizerConfig, specialTokensMap };
  }
  const parts = await kit.legacy?.read(files, kit, tokenizerConfig, specialTokensMap, signal);
  if (parts === undefined) {
    throw new ConfigError(
      `${files.label}: expected tokenizer.json${kit.legacy ? `, ${kit.legacy.names}` : ""}, found none; give a folder with tokenizer files.`,
    );
  }
  return { parts, tokenizerConfig, specialTokensMap };
}
