/**
 * CrossEncoder: a score for a pair of texts read together, with sentence-transformers' habit. Slower than comparing vectors, and more exact:
 * the usual second stage of a search.
 *
 * Scores of one label go through a sigmoid, of several through nothing, unless the model's configuration names a function.
 */

import { checkInteger, checkList, checkOptions, checkString, checkStrings, unexpected } from "../checks.ts";
import { ConfigError, UnsupportedError } from "../errors.ts";
import type { JsonObject } from "../fields.ts";
import { readJsonObject } from "../files/json.ts";
import type { LoadOptions, ModelFiles, ModelSource } from "../files/types.ts";
import { loadRemoteCrossEncoder } from "../worker/tasks.ts";
import { forwardEach } from "./forward-each.ts";
import { labelsOf } from "./labels.ts";
import { openTask, type TaskModel } from "./open-task.ts";
import { sigmoid, softmax } from "./scores.ts";
import { readTransformerConfig } from "./sentence-settings.ts";
import { encodeWithin, type OnTruncate } from "./truncation.ts";

type Activation = "sigmoid" | "identity" | "softmax";

export interface PredictOptions {
  activation?: Activation;
  signal?: AbortSignal;
  onTruncate?: OnTruncate;
}

export interface RankOptions {
  /** Documents returned; all by default. */
  topK?: number;
  /** Adds `text` to each result. */
  returnDocuments?: boolean;
  activation?: "sigmoid" | "identity";
  signal?: AbortSignal;
  onTruncate?: OnTruncate;
}

export interface Ranked {
  /** Index into the documents. */
  corpus_id: number;
  score: number;
  text?: string;
}

/** What gives the scores: a model here, or one in a worker. */
interface PairScorer {
  /** What the user gave, for error sentences. */
  readonly label: string;
  readonly config: JsonObject;
  predict(pairs: readonly (readonly [string, string])[], options: PredictOptions): Promise<number[] | number[][]>;
  dispose(): void;
}

export class CrossEncoder {
  readonly #scorer: PairScorer;
  readonly #labels: readonly string[];

  /** Use CrossEncoder.load. */
  constructor(scorer: PairScorer) {
    this.#scorer = scorer;
    this.#labels = labelsOf(scorer.config);
  }

  /** There is no default model. @throws ConfigError about the source or the architecture */
  static async load(source?: ModelSource, options: LoadOptions = {}): Promise<CrossEncoder> {
    checkOptions(options);
    if (options.worker) return new CrossEncoder(await loadRemoteCrossEncoder(source, options));
    const task = await openTask("text-ranking", source, options);
    try {
      const { maxSeqLength } = await readTransformerConfig(task.files, options.signal);
      const activation = await defaultActivation(task.files, task.model.config, labelsOf(task.model.config).length, options.signal);
      return new CrossEncoder(scorerOf(task, activation, Math.min(maxSeqLength ?? task.tokenizer.modelMaxLength, task.model.maxLength)));
    } catch (error) {
      task.model.dispose();
      throw error;
    }
  }

  /** config.json. */
  get config(): JsonObject {
    return this.#scorer.config;
  }
  /** Number of labels: rank needs exactly one. */
  get numLabels(): number {
    return this.#labels.length;
  }

  /**
   * A number a pair for models with one label, a list of K numbers a pair for several.
   * @throws ConfigError for pairs that are no two strings; DisposedError; the signal's reason
   */
  async predict(pairs: readonly (readonly [string, string])[], options: PredictOptions = {}): Promise<number[] | number[][]> {
    checkOptions(options);
    return this.#scorer.predict(pairs, options);
  }

  /** The documents from the most to the least relevant. @throws ConfigError for a model with several labels */
  async rank(query: string, documents: readonly string[], options: RankOptions = {}): Promise<Ranked[]> {
    const { topK, returnDocuments = false, ...predict } = checkOptions(options);
    if (this.numLabels !== 1) {
      throw new ConfigError(
        `rank: ${this.#scorer.label} has ${this.numLabels} labels (${this.#labels.join(", ")}); ranking needs a model with one, predict() takes any`,
      );
    }
    if (topK !== undefined) checkInteger(topK, "topK");
    checkString(query, "query");
    checkStrings(documents, "documents");
    const scores = (await this.predict(
      documents.map((document) => [query, document] as const),
      predict,
    )) as number[];
    const ranked = scores.map((score, i): Ranked => ({ corpus_id: i, score, ...(returnDocuments && { text: documents[i]! }) }));
    return ranked.sort((a, b) => b.score - a.score).slice(0, topK ?? ranked.length);
  }

  dispose(): void {
    this.#scorer.dispose();
  }
}

function scorerOf(task: TaskModel, usual: Activation, maxLength: number): PairScorer {
  const { model, tokenizer, label } = task;
  const K = labelsOf(model.config).length;
  return {
    label,
    config: model.config,
    async predict(pairs, { activation = usual, signal, onTruncate = task.warnTruncated }) {
      checkList(pairs, "pairs", "a list of [text, text]");
      const encodings = pairs.map((pair, i) => encodeWithin(tokenizer, checkPair(pair, i), i, { maxLength, onTruncate }));
      const scores = await forwardEach(model, encodings, (output, at) => activate(output.logits![at]!.data, activation, usual), { signal });
      return K === 1 ? scores.map(([score]) => score!) : scores;
    },
    dispose: () => model.dispose(),
  };
}

/** @param usual for softmax over one label, which would always be 1: there it changes nothing, as in Python */
function activate(logits: Float32Array, activation: Activation, usual: Activation): number[] {
  switch (activation) {
    case "sigmoid":
      return Array.from(logits, sigmoid);
    case "identity":
      return Array.from(logits);
    case "softmax":
      if (logits.length > 1) return softmax(logits);
      return usual === "softmax" ? Array.from(logits) : activate(logits, usual, usual);
    default:
      throw unexpected("activation", '"sigmoid", "identity" or "softmax"', activation);
  }
}

const BY_CLASS: ReadonlyMap<string, Activation> = new Map<string, Activation>([
  ["Sigmoid", "sigmoid"],
  ["Identity", "identity"],
  ["Softmax", "softmax"],
]);

/** config_sentence_transformers.json's activation_fn, config.json's under its two spellings, or by the number of labels. */
async function defaultActivation(files: ModelFiles, config: JsonObject, K: number, signal?: AbortSignal): Promise<Activation> {
  const settings = await readJsonObject(files, "config_sentence_transformers.json", signal);
  const nested = config.sentence_transformers as { activation_fn?: unknown } | null | undefined;
  const path = settings.activation_fn ?? nested?.activation_fn ?? config.sbert_ce_default_activation_function;
  if (typeof path !== "string" || !path.startsWith("torch.")) return K === 1 ? "sigmoid" : "identity";
  const activation = BY_CLASS.get(path.split(".").at(-1)!);
  if (activation) return activation;
  throw new UnsupportedError(
    `${files.label}: activation function "${path}" is not supported; known are ${[...BY_CLASS.keys()].join(", ")}`,
  );
}

function checkPair(pair: unknown, index: number): { text: string; textPair: string } {
  const [text, textPair] = Array.isArray(pair) && pair.length === 2 ? (pair as unknown[]) : [];
  if (typeof text === "string" && typeof textPair === "string") return { text, textPair };
  throw unexpected(`pair ${index}`, "[text, text]", pair);
}
