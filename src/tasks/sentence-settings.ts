/**
 * What a sentence-transformers folder says besides its modules: prompts, similarity function, the longest input.
 *
 * max_seq_length is in sentence_bert_config.json (or an older name of it), in new files only in tokenizer_config's model_max_length;
 * never more than the model has positions for.
 */

import { checkString, unexpected } from "../checks.ts";
import { objectOf, readJson, readJsonObject } from "../files/json.ts";
import type { ModelFiles } from "../files/types.ts";
import { type SimilarityFunction, similarityFunctionOf } from "./similarity.ts";

export interface SentenceSettings {
  readonly prompts: Readonly<Record<string, string>>;
  readonly defaultPromptName: string | undefined;
  readonly similarity: SimilarityFunction;
  /** Dimensions that a vector keeps where a call names none. */
  readonly truncateDim: number | null | undefined;
}

export async function readSentenceSettings(files: ModelFiles, signal?: AbortSignal): Promise<SentenceSettings> {
  const config = await readJsonObject(files, "config_sentence_transformers.json", signal);
  const prompts = Object.entries(config.prompts ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  const name = config.default_prompt_name;
  return {
    prompts: Object.fromEntries(prompts),
    defaultPromptName: typeof name === "string" ? name : undefined,
    similarity: similarityFunctionOf(config.similarity_fn_name),
    truncateDim: config.truncate_dim as number | null | undefined,
  };
}

const CONFIG_NAMES = ["bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta"].map(
  (family) => `sentence_${family}_config.json`,
);

/** The Transformer module's own configuration, under whichever name it has. */
export async function readTransformerConfig(
  files: ModelFiles,
  signal?: AbortSignal,
): Promise<{ maxSeqLength?: number; lowerCase: boolean }> {
  for (const name of CONFIG_NAMES) {
    const found = await readJson(files, name, signal);
    if (found === undefined) continue;
    const config = objectOf(found ?? {}, name, files.label);
    const length = config.max_seq_length;
    return { ...(typeof length === "number" && length > 0 && { maxSeqLength: length }), lowerCase: config.do_lower_case === true };
  }
  return { lowerCase: false };
}

/** Where a StaticEmbedding cuts its texts: the truncation block of its tokenizer.json, which only there is applied as it stands. */
export async function readStaticLength(files: ModelFiles, signal?: AbortSignal): Promise<number> {
  const { truncation } = await readJsonObject(files, "tokenizer.json", signal);
  const length = (truncation as { max_length?: unknown } | null | undefined)?.max_length;
  return typeof length === "number" ? length : Number.POSITIVE_INFINITY;
}

/** The prompt that an encode call means: its own, a named one, or the model's default; "" = none. @throws ConfigError for an unknown name */
export function resolvePrompt(settings: SentenceSettings, prompt: string | undefined, promptName: string | undefined): string {
  if (prompt !== undefined) {
    checkString(prompt, "prompt");
    return prompt;
  }
  const name = promptName ?? settings.defaultPromptName;
  if (name === undefined) return "";
  if (Object.hasOwn(settings.prompts, name)) return settings.prompts[name]!;
  if (promptName === undefined) return "";
  throw unexpected("promptName", `a prompt of the model (${Object.keys(settings.prompts).join(", ") || "it has none"})`, promptName);
}
