/**
 * text-classification (sentiment-analysis): a label with a score for a text or a pair of texts, as transformers' pipeline.
 *
 * Scores: softmax over the labels; sigmoid for multi_label_classification and for a single label; the bare logits for regression.
 * One text without topK gives [best]; a list without topK gives [best, best, ...]; with topK each text gives a list, best first.
 */

import { checkInteger, checkOptions, unexpected } from "../checks.ts";
import type { LoadOptions, ModelSource } from "../files/types.ts";
import { forwardEach } from "./forward-each.ts";
import { labelsOf } from "./labels.ts";
import { openTask } from "./open-task.ts";
import { argmax, sigmoid, softmax } from "./scores.ts";
import { encodeWithin, type OnTruncate, type TextPair } from "./truncation.ts";

export interface Label {
  label: string;
  score: number;
}

export type ScoreFunction = "none" | "sigmoid" | "softmax";
type Input = string | TextPair;

export interface TextClassificationOptions {
  functionToApply?: ScoreFunction;
  signal?: AbortSignal;
  onTruncate?: OnTruncate;
}
interface TopOption {
  /** Labels a text, best first; null for all. */
  topK: number | null;
}

export interface TextClassification {
  (input: Input, options?: TextClassificationOptions & Partial<TopOption>): Promise<Label[]>;
  (inputs: readonly Input[], options?: TextClassificationOptions): Promise<Label[]>;
  (inputs: readonly Input[], options: TextClassificationOptions & TopOption): Promise<Label[][]>;
  dispose(): void;
}

export async function textClassification(source?: ModelSource, options?: LoadOptions): Promise<TextClassification> {
  const { model, tokenizer, maxLength, warnTruncated } = await openTask("text-classification", source, options);
  const labels = labelsOf(model.config);
  const usual = usualFunction(model.config, labels.length);

  async function classify(
    inputs: Input | readonly Input[],
    call: TextClassificationOptions & Partial<TopOption> = {},
  ): Promise<Label[] | Label[][]> {
    const { topK, functionToApply = usual, signal, onTruncate = warnTruncated } = checkOptions(call);
    if (topK !== undefined && topK !== null) checkInteger(topK, "topK (null for all labels)");
    const list = (Array.isArray(inputs) ? inputs : [inputs]).map(checkInput);
    const encodings = list.map((input, i) => encodeWithin(tokenizer, input, i, { maxLength, onTruncate }));
    const scores = await forwardEach(model, encodings, (output, at) => applyFunction(output.logits![at]!.data, functionToApply), {
      signal,
    });
    if (topK === undefined) return scores.map((row) => best(row, labels));
    const ranked = scores.map((row) => rank(row, labels).slice(0, topK ?? labels.length));
    return Array.isArray(inputs) ? ranked : ranked[0]!;
  }
  return Object.assign(classify as Omit<TextClassification, "dispose">, { dispose: () => model.dispose() }) as TextClassification;
}

/** The function that transformers applies where the caller asks for none: by problem_type, else by the number of labels. */
export function usualFunction(config: Readonly<Record<string, unknown>>, K: number): ScoreFunction {
  const type = config.problem_type;
  if (type === "regression") return "none";
  return type === "multi_label_classification" || K === 1 ? "sigmoid" : "softmax";
}

/** @param logits [K] */
function applyFunction(logits: Float32Array, name: ScoreFunction): number[] {
  switch (name) {
    case "softmax":
      return softmax(logits);
    case "sigmoid":
      return Array.from(logits, sigmoid);
    case "none":
      return Array.from(logits);
    default:
      throw unexpected("functionToApply", '"none", "sigmoid" or "softmax"', name);
  }
}

function best(scores: readonly number[], labels: readonly string[]): Label {
  const k = argmax(scores);
  return { label: labels[k]!, score: scores[k]! };
}

/** Best first; equal scores in the order of the classes. */
function rank(scores: readonly number[], labels: readonly string[]): Label[] {
  return scores.map((score, k) => ({ label: labels[k]!, score })).sort((a, b) => b.score - a.score);
}

function checkInput(input: Input, index: number): TextPair {
  if (typeof input === "string") return { text: input };
  const { text, textPair } = (input ?? {}) as Partial<TextPair>;
  if (typeof text === "string" && (textPair === undefined || typeof textPair === "string")) return textPair ? { text, textPair } : { text }; // an empty pair is none, as in Python
  throw unexpected(`input ${index}`, "a string or { text, textPair }", input);
}
