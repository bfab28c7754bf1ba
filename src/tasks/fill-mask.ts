/**
 * fill-mask: the most likely tokens in the place of each mask token, as transformers' pipeline.
 *
 *   score = softmax over the whole vocabulary at the mask's position; with `targets` only those tokens are ranked
 *
 * One mask gives a list of fills; several give a list each, whose sequences keep the other masks (and the special tokens).
 * Only the masks' positions go through the vocabulary-sized layer.
 */

import { check, checkInteger, checkOptions, checkString } from "../checks.ts";
import { ConfigError } from "../errors.ts";
import type { LoadOptions, ModelSource } from "../files/types.ts";
import type { Encoding, Tokenizer } from "../tokenizers/tokenizer.ts";
import { forwardEach } from "./forward-each.ts";
import { openTask } from "./open-task.ts";
import { softmax } from "./scores.ts";
import { TopK } from "./top-k.ts";
import { encodeWithin, type OnTruncate } from "./truncation.ts";

export interface Fill {
  score: number;
  token: number;
  token_str: string;
  sequence: string;
}

export interface FillMaskOptions {
  /** Fills a mask; default 5. */
  topK?: number;
  /** Words to choose among. A word that is no token counts as its first token. */
  targets?: string | string[];
  signal?: AbortSignal;
  onTruncate?: OnTruncate;
}

export interface FillMask {
  (text: string, options?: FillMaskOptions): Promise<Fill[] | Fill[][]>;
  (texts: readonly string[], options?: FillMaskOptions): Promise<(Fill[] | Fill[][])[]>;
  dispose(): void;
}

export async function fillMask(source?: ModelSource, options?: LoadOptions): Promise<FillMask> {
  const { model, tokenizer, label, maxLength, warnTruncated } = await openTask("fill-mask", source, options);
  const { mask, pad } = tokenizer.specialTokens;
  if (mask === undefined) {
    model.dispose();
    throw new ConfigError(`fill-mask: the tokenizer of ${label} has no mask token; expected mask_token in tokenizer_config.json`);
  }
  const { cleanUpTokenizationSpaces } = tokenizer;
  const decode = (ids: readonly number[], skipSpecialTokens: boolean) =>
    tokenizer.decode(ids, { skipSpecialTokens, cleanUpTokenizationSpaces });

  async function fill(texts: string | readonly string[], call: FillMaskOptions = {}): Promise<unknown> {
    const { topK = 5, targets, signal, onTruncate = warnTruncated } = checkOptions(call);
    checkInteger(topK, "topK");
    const targetIds = targets === undefined ? undefined : idsOfTargets(tokenizer, targets);
    const list = Array.isArray(texts) ? (texts as readonly string[]) : [texts as string];
    const encodings = list.map((text, i) => {
      checkString(text, `text ${i}`);
      const encoding = encodeWithin(tokenizer, { text }, i, { maxLength, onTruncate });
      if (encoding.ids.includes(mask!.id)) return encoding;
      throw new ConfigError(`text ${i} has no ${mask!.token} within the model's ${maxLength} tokens; put it where a word is wanted`);
    });
    const masks = encodings.map(({ ids }) => ids.flatMap((id, t) => (id === mask!.id ? [t] : [])));
    const results = await forwardEach(
      model,
      encodings,
      (output, at, i) => {
        const { shape, data } = output.logits![at]!; // masks V
        const V = shape[1]!;
        const fills = masks[i]!.map((_, m) => {
          const scores = softmax(data.subarray(m * V, (m + 1) * V));
          return bestTokens(scores, topK, targetIds).map(({ id, score }) => fillOf(encodings[i]!, masks[i]!, m, id, score));
        });
        return fills.length === 1 ? fills[0]! : fills;
      },
      { signal, rows: masks },
    );
    return Array.isArray(texts) ? results : results[0];
  }

  /** The text with mask m replaced by a token. */
  function fillOf({ ids }: Encoding, masks: readonly number[], m: number, token: number, score: number): Fill {
    const filled = ids.map((id, t) => (t === masks[m] ? token : id)).filter((id) => id !== pad?.id);
    return { score, token, token_str: decode([token], false), sequence: decode(filled, masks.length === 1) };
  }
  return Object.assign(fill, { dispose: () => model.dispose() }) as FillMask;
}

function bestTokens(scores: readonly number[], topK: number, targetIds: readonly number[] | undefined): { score: number; id: number }[] {
  const best = new TopK(topK);
  const beyond = targetIds?.find((id) => id >= scores.length);
  if (beyond !== undefined) {
    throw new ConfigError(`a target is token ${beyond}, the model has ${scores.length}; do tokenizer and model belong together?`);
  }
  if (targetIds) for (const id of targetIds) best.push(scores[id]!, id);
  else for (let id = 0; id < scores.length; id++) if (!(scores[id]! <= best.threshold)) best.push(scores[id]!, id);
  return best.sorted();
}

/** Each target once: its own id, or that of its first token. */
function idsOfTargets(tokenizer: Tokenizer, targets: string | readonly string[]): number[] {
  const ids = (typeof targets === "string" ? [targets] : targets).flatMap((target) => {
    checkString(target, "a target");
    const id = tokenizer.tokenToId(target) ?? tokenizer.encode(target, null, { addSpecialTokens: false }).ids[0];
    return id === undefined ? [] : [id];
  });
  check(ids.length > 0, "targets", "at least one word", targets);
  return [...new Set(ids)];
}
