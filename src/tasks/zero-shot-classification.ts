/**
 * zero-shot-classification: labels that the model never saw, judged by natural language inference (Yin et al. 2019, https://arxiv.org/abs/1909.00161).
 *
 *   premise = the text, hypothesis = "This example is {label}."
 *   one label fits     softmax over the labels of the entailment logit
 *   multiLabel (or a single label)     softmax over [contradiction, entailment] for each label by itself
 *
 * All labels of all texts run as one ragged batch. As transformers' pipeline.
 */

import { check, checkOptions, checkString, checkStrings, show, unexpected } from "../checks.ts";
import { ConfigError } from "../errors.ts";
import type { LoadOptions, ModelSource } from "../files/types.ts";
import type { Encoding, Tokenizer } from "../tokenizers/tokenizer.ts";
import { forwardEach } from "./forward-each.ts";
import { entailmentId } from "./labels.ts";
import { openTask } from "./open-task.ts";
import { softmax } from "./scores.ts";
import { encodeWithin, type Limit, type OnTruncate, type TextPair } from "./truncation.ts";

export interface ZeroShot {
  sequence: string;
  /** Best first. */
  labels: string[];
  scores: number[];
}

export interface ZeroShotOptions {
  /** Several labels may fit: each is scored by itself. */
  multiLabel?: boolean;
  /** Default "This example is {}."; {} is where the label goes. */
  hypothesisTemplate?: string;
  signal?: AbortSignal;
  onTruncate?: OnTruncate;
}

export interface ZeroShotClassification {
  (text: string, candidateLabels: readonly string[], options?: ZeroShotOptions): Promise<ZeroShot>;
  (texts: readonly string[], candidateLabels: readonly string[], options?: ZeroShotOptions): Promise<ZeroShot[]>;
  dispose(): void;
}

export async function zeroShotClassification(source?: ModelSource, options?: LoadOptions): Promise<ZeroShotClassification> {
  const { model, tokenizer, maxLength, warnTruncated } = await openTask("zero-shot-classification", source, options);
  const entailment = entailmentId(model.config);

  async function classify(
    texts: string | readonly string[],
    candidateLabels: string | readonly string[],
    call: ZeroShotOptions = {},
  ): Promise<ZeroShot | ZeroShot[]> {
    const { multiLabel = false, hypothesisTemplate = "This example is {}.", signal, onTruncate = warnTruncated } = checkOptions(call);
    const list = Array.isArray(texts) ? (texts as readonly string[]) : [texts as string];
    const labels = checkLabels(candidateLabels);
    check(list.length > 0, "texts", "at least one", list);
    checkStrings(list, "texts");
    const hypotheses = labels.map((label) => hypothesisOf(hypothesisTemplate, label));
    const limit: Limit = { maxLength, strategy: "only_first", onTruncate };
    const pairs = list.flatMap((text, i) => hypotheses.map((textPair) => encodePair(tokenizer, { text, textPair }, i, limit)));
    const logits = await forwardEach(model, pairs, (output, at) => output.logits![at]!.data, { signal });
    const results = list.map((sequence, i) => {
      const ofText = logits.slice(i * labels.length, (i + 1) * labels.length);
      return rank(sequence, labels, labelScores(ofText, entailment, multiLabel || labels.length === 1));
    });
    return Array.isArray(texts) ? results : results[0]!;
  }
  return Object.assign(classify, { dispose: () => model.dispose() }) as ZeroShotClassification;
}

/** @throws ConfigError where the hypothesis alone fills the model: it is never cut, the text is */
function encodePair(tokenizer: Tokenizer, pair: TextPair, i: number, limit: Limit): Encoding {
  try {
    return encodeWithin(tokenizer, pair, i, limit);
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause;
    throw new ConfigError(
      `${show(pair.textPair)} leaves no room for text ${i} in the model's ${limit.maxLength} tokens; shorten the label or hypothesisTemplate`,
      { cause },
    );
  }
}

/**
 * @param logits [labels][K]
 * @param entailment -1 = the last class, as in Python where no label says entailment
 */
export function labelScores(logits: readonly Float32Array[], entailment: number, isIndependent: boolean): number[] {
  const entail = logits.map((row) => row.at(entailment)!);
  if (!isIndependent) return softmax(entail);
  const contradiction = entailment === 0 ? -1 : 0;
  return logits.map((row, i) => softmax([row.at(contradiction)!, entail[i]!])[1]!);
}

/** Best first; of equal scores the later label first, as numpy's reversed argsort. */
function rank(sequence: string, labels: readonly string[], scores: readonly number[]): ZeroShot {
  const order = scores.map((_, k) => k).sort((a, b) => scores[b]! - scores[a]! || b - a);
  return { sequence, labels: order.map((k) => labels[k]!), scores: order.map((k) => scores[k]!) };
}

/** Python's str.format with one argument: {} or {0}; {{ and }} are braces. */
function hypothesisOf(template: string, label: string): string {
  checkString(template, "hypothesisTemplate");
  const hypothesis = template.replace(/\{\{|\}\}|\{0?\}/g, (found) => (found === "{{" ? "{" : found === "}}" ? "}" : label));
  if (hypothesis !== template) return hypothesis;
  throw unexpected("hypothesisTemplate", 'a {} where the label should go, as in "This text is about {}."', template);
}

/** A list of labels, or one string with commas. */
function checkLabels(candidateLabels: string | readonly string[]): readonly string[] {
  const labels =
    typeof candidateLabels === "string"
      ? candidateLabels
          .split(",")
          .map((label) => label.trim())
          .filter((label) => label !== "")
      : candidateLabels;
  checkStrings(labels, "candidateLabels");
  check(labels.length > 0, "candidateLabels", "at least one", labels);
  return labels;
}
