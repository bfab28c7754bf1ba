/**
 * From the files of a model folder to a tokenizer: tokenizer.json where it is, else the vocabulary files from before it existed
 * (legacy-files.ts), with tokenizer_config.json and special_tokens_map.json beside either.
 */

import { ConfigError, FormatError } from "../errors.ts";
import type { Kit } from "./kit.ts";
import { readLegacyFiles } from "./legacy-files.ts";
import { readTokenizerJson } from "./read-json.ts";
import type { TokenizerCore } from "./tokenizer-core.ts";
import { scanTokenizerJson } from "./vocabulary-scan.ts";

/** The part of an opened model folder (src/files ModelFiles) that a tokenizer needs. */
export interface TokenizerFiles {
  /** What the user gave, for error sentences. */
  readonly label: string;
  readIfPresent(name: string, signal?: AbortSignal): Promise<Uint8Array | undefined>;
}

export interface ReadTokenizer {
  readonly core: TokenizerCore;
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
    return { core: readTokenizerJson(json, kit, vocabulary), tokenizerConfig, specialTokensMap };
  }
  const core = await readLegacyFiles(files, kit, tokenizerConfig, specialTokensMap, signal);
  if (core === undefined) {
    throw new ConfigError(
      `${files.label}: expected tokenizer.json, vocab.txt, or vocab.json with merges.txt, found none of them; give a folder with tokenizer files.`,
    );
  }
  return { core, tokenizerConfig, specialTokensMap };
}

/** A JSON file that may be absent. */
export async function readJson(files: TokenizerFiles, name: string, signal?: AbortSignal): Promise<unknown> {
  const bytes = await files.readIfPresent(name, signal);
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new FormatError(`${files.label}: ${name}: expected JSON (${(cause as Error).message}).`, { cause });
  }
}
