/**
 * pipeline(task, source?, options?): transformers' front door. One input gives one result, a list gives a list.
 * Each task is a file of its own; this table is all there is between a name and its file.
 */

import { checkOptions } from "../checks.ts";
import { ConfigError } from "../errors.ts";
import type { LoadOptions, ModelSource } from "../files/types.ts";
import { loadRemotePipeline } from "../worker/tasks.ts";
import { type FeatureExtraction, featureExtraction } from "./feature-extraction.ts";
import { type FillMask, fillMask } from "./fill-mask.ts";
import { type QuestionAnswering, questionAnswering } from "./question-answering.ts";
import { type SentenceSimilarity, sentenceSimilarity } from "./sentence-similarity.ts";
import { type TextClassification, textClassification } from "./text-classification.ts";
import { type TextRanking, textRanking } from "./text-ranking.ts";
import { type TokenClassification, tokenClassification } from "./token-classification.ts";
import { type ZeroShotClassification, zeroShotClassification } from "./zero-shot-classification.ts";

export interface Tasks {
  "text-classification": TextClassification;
  "sentiment-analysis": TextClassification;
  "token-classification": TokenClassification;
  ner: TokenClassification;
  "question-answering": QuestionAnswering;
  "fill-mask": FillMask;
  "zero-shot-classification": ZeroShotClassification;
  "feature-extraction": FeatureExtraction;
  "sentence-similarity": SentenceSimilarity;
  "text-ranking": TextRanking;
}

const TASKS: { readonly [Task in keyof Tasks]: (source?: ModelSource, options?: LoadOptions) => Promise<Tasks[Task]> } = {
  "text-classification": textClassification,
  "sentiment-analysis": textClassification,
  "token-classification": tokenClassification,
  ner: tokenClassification,
  "question-answering": questionAnswering,
  "fill-mask": fillMask,
  "zero-shot-classification": zeroShotClassification,
  "feature-extraction": featureExtraction,
  "sentence-similarity": sentenceSimilarity,
  "text-ranking": textRanking,
};

/**
 * Loads a task. Without a source: its embedded default model, where it has one.
 * @throws ConfigError for an unknown task, a task without a default, or a model whose architecture does not fit; loading errors
 */
export async function pipeline<Task extends keyof Tasks>(
  task: Task,
  source?: ModelSource,
  options: LoadOptions = {},
): Promise<Tasks[Task]> {
  if (!Object.hasOwn(TASKS, task)) {
    throw new ConfigError(`pipeline: "${String(task)}" is not a task; expected one of ${Object.keys(TASKS).join(", ")}`);
  }
  checkOptions(options);
  if (options.worker) return (await loadRemotePipeline(task, source, options)) as unknown as Tasks[Task];
  return TASKS[task](source, options);
}
