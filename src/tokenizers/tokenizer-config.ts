/**
 * What tokenizer_config.json adds to tokenizer.json: the longest input of the model.
 */

import { isObject } from "../checks.ts";

/** model_max_length; transformers writes 1e30 for "none". */
export function readModelMaxLength(tokenizerConfig: unknown): number {
  const length = isObject(tokenizerConfig) ? tokenizerConfig.model_max_length : undefined;
  return typeof length === "number" && length >= 0 && length <= Number.MAX_SAFE_INTEGER ? length : Number.POSITIVE_INFINITY;
}
