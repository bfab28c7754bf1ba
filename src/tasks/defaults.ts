/**
 * The model of each task when the caller names none, and ids on the Hub to try where there is none.
 * They come with a clone of the repository (weights/); the encoder also from the Hub or its cache, quantised while loading.
 */

export const DEFAULT_ENCODER = "sentence-transformers/all-MiniLM-L6-v2";

export interface TaskDefaults {
  /** Absent: the task has no default. */
  readonly model?: string;
  /** Models on the Hub that fit the task. */
  readonly suggestions: readonly string[];
}

export const TASK_DEFAULTS = {
  "text-classification": { model: "minilm-l6-sst2", suggestions: ["distilbert/distilbert-base-uncased-finetuned-sst-2-english"] },
  "token-classification": { model: "minilm-l6-ner", suggestions: ["dslim/bert-base-NER", "dslim/distilbert-NER"] },
  "question-answering": {
    model: "minilm-l6-qa",
    suggestions: ["distilbert/distilbert-base-cased-distilled-squad", "deepset/tinyroberta-squad2"],
  },
  "fill-mask": { suggestions: ["distilbert/distilbert-base-uncased", "google-bert/bert-base-uncased"] },
  "zero-shot-classification": { suggestions: ["cross-encoder/nli-MiniLM2-L6-H768", "typeform/distilbert-base-uncased-mnli"] },
  "feature-extraction": { model: DEFAULT_ENCODER, suggestions: ["google-bert/bert-base-uncased"] },
  "sentence-similarity": { model: DEFAULT_ENCODER, suggestions: ["sentence-transformers/all-MiniLM-L12-v2"] },
  "text-ranking": { suggestions: ["cross-encoder/ms-marco-MiniLM-L6-v2", "cross-encoder/ms-marco-TinyBERT-L2-v2"] },
} as const satisfies Record<string, TaskDefaults>;

export type TaskName = keyof typeof TASK_DEFAULTS;
