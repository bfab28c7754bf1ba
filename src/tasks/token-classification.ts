/**
 * token-classification (ner): labels of tokens, or whole entities, with their place in the text, as transformers' pipeline.
 *
 * A token continues a word when its length differs from that of its piece of text ("##ed"; [UNK] never does); tokenizers without such a mark
 * go by the space before. Labels to ignore are left out last. With `stride` a long text is read in windows of the tokenizer's
 * model_max_length that share `stride` tokens; without it what is beyond the model's length is cut off and reported.
 */

import { check, checkInteger, checkOneOf, checkOptions, checkString, checkStrings } from "../checks.ts";
import type { LoadOptions, ModelSource } from "../files/types.ts";
import type { Encoding, Tokenizer } from "../tokenizers/tokenizer.ts";
import {
  type AggregationStrategy,
  type GroupedEntity,
  groupedEntities,
  mergeOverlapping,
  type ScoredToken,
  type TokenEntity,
  tokenEntities,
} from "./entities.ts";
import { forwardEach } from "./forward-each.ts";
import { labelsOf } from "./labels.ts";
import { openTask } from "./open-task.ts";
import { softmax } from "./scores.ts";
import { encodeWithin, type OnTruncate } from "./truncation.ts";

export interface TokenClassificationOptions {
  aggregationStrategy?: AggregationStrategy;
  /** Default ["O"]. */
  ignoreLabels?: string[];
  /** Tokens that neighbouring windows of a long text share. */
  stride?: number;
  signal?: AbortSignal;
  onTruncate?: OnTruncate;
}

type WithStrategy<Strategy extends AggregationStrategy> = TokenClassificationOptions & { aggregationStrategy: Strategy };

export interface TokenClassification {
  (text: string, options?: TokenClassificationOptions & { aggregationStrategy?: "none" }): Promise<TokenEntity[]>;
  (text: string, options: WithStrategy<"simple" | "first" | "average" | "max">): Promise<GroupedEntity[]>;
  (texts: readonly string[], options?: TokenClassificationOptions): Promise<(TokenEntity | GroupedEntity)[][]>;
  dispose(): void;
}

const STRATEGIES: readonly string[] = ["none", "simple", "first", "average", "max"];

export async function tokenClassification(source?: ModelSource, options?: LoadOptions): Promise<TokenClassification> {
  const { model, tokenizer, maxLength, warnTruncated } = await openTask("token-classification", source, options);
  const labels = labelsOf(model.config);

  async function classify(texts: string | readonly string[], call: TokenClassificationOptions = {}): Promise<unknown> {
    const { aggregationStrategy: strategy = "none", ignoreLabels = ["O"], stride, signal, onTruncate = warnTruncated } = checkOptions(call);
    checkCall(strategy, stride, tokenizer.modelMaxLength);
    checkStrings(ignoreLabels, "ignoreLabels");
    const list = Array.isArray(texts) ? (texts as readonly string[]) : [texts as string];
    const windows = list.map((text, i) => windowsOf(checkText(text, i), i));
    const flat = windows.flatMap((ofText, i) => ofText.map((encoding) => ({ encoding, text: list[i]! })));
    const scored = await forwardEach(
      model,
      flat.map(({ encoding }) => encoding),
      (output, at, w) => scoredTokens(tokenizer, flat[w]!.text, flat[w]!.encoding, output.logits![at]!.data, labels.length),
      { signal },
    );
    let end = 0;
    const results = windows.map(({ length }) => {
      end += length;
      const ofText = scored.slice(end - length, end).map(entitiesOf);
      return length > 1 ? mergeOverlapping(ofText.flat()) : ofText[0]!;
    });
    return Array.isArray(texts) ? results : results[0];

    function windowsOf(text: string, i: number): Encoding[] {
      if (stride === undefined) return [encodeWithin(tokenizer, { text }, i, { maxLength, onTruncate })];
      const encoding = tokenizer.encode(text, null, { truncation: "longest_first", maxLength, stride });
      return [encoding, ...encoding.overflowing];
    }
    function entitiesOf(tokens: readonly ScoredToken[]): (TokenEntity | GroupedEntity)[] {
      if (strategy === "none") return tokenEntities(tokens, labels).filter(({ entity }) => !ignoreLabels.includes(entity));
      const groups = groupedEntities(tokens, labels, strategy, (words) => tokenizer.joinTokens(words));
      return groups.filter(({ entity_group }) => !ignoreLabels.includes(entity_group));
    }
  }
  return Object.assign(classify, { dispose: () => model.dispose() }) as TokenClassification;
}

/** @param logits [S K] */
function scoredTokens(tokenizer: Tokenizer, text: string, encoding: Encoding, logits: Float32Array, K: number): ScoredToken[] {
  const tokens: ScoredToken[] = [];
  encoding.ids.forEach((id, index) => {
    if (encoding.specialTokensMask[index]) return;
    const [start, end] = encoding.offsets[index]!;
    const piece = text.slice(start, end);
    const token = tokenizer.idToToken(id) ?? "";
    const isUnknown = id === tokenizer.specialTokens.unk?.id;
    const isSubword = tokenizer.continuingSubwordPrefix === undefined ? !hasSpaceBefore(text, start) : lengthOf(token) !== lengthOf(piece);
    const scores = softmax(logits.subarray(index * K, (index + 1) * K));
    tokens.push({ word: isUnknown ? piece : token, scores, index, start, end, isSubword: isSubword && !isUnknown });
  });
  return tokens;
}

/** The start of the text, a space before the token, or one as its first character. */
function hasSpaceBefore(text: string, start: number): boolean {
  return start === 0 || text[start - 1] === " " || text[start] === " ";
}

/** In code points, as Python counts. */
function lengthOf(text: string): number {
  return [...text].length;
}

function checkCall(strategy: string, stride: number | undefined, windowLength: number): void {
  checkOneOf(strategy, "aggregationStrategy", STRATEGIES);
  if (stride === undefined) return;
  checkInteger(stride, "stride", 0);
  check(stride < windowLength, "stride", `less than the tokenizer's model_max_length (${windowLength})`, stride);
  check(strategy !== "none", "stride joins the entities of windows, so aggregationStrategy", 'one such as "simple"', strategy);
}

function checkText(text: unknown, index: number): string {
  checkString(text, `text ${index}`);
  return text;
}
