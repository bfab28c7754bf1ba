/**
 * SentenceVectors: what an opened sentence-transformers model does with texts. SentenceEncoder (sentence-encoder.ts) adds where a model comes from.
 *
 *   tokens -> encoder -> pooling -> Dense, Normalize, ... (all inside one pass) -> truncateDim -> precision
 *
 * A text's vector has the same bits alone and in any batch. Texts are tokenised and run a token budget at a time, so that any number of them
 * needs the memory of one pass and of the results.
 */

import { checkInteger, checkIterable, checkOneOf, checkOptions, checkString, checkStrings, throwIfAborted } from "../checks.ts";
import { ConfigError } from "../errors.ts";
import type { Progress } from "../files/types.ts";
import type { Model } from "../models/types.ts";
import { nextTurn } from "../tensor/turn.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import type { SentenceModel } from "./open-sentence-model.ts";
import { pool } from "./pooling.ts";
import { type QuantizeOptions, quantizeEmbeddings } from "./quantize-embeddings.ts";
import { applySteps } from "./sentence-modules.ts";
import { resolvePrompt } from "./sentence-settings.ts";
import { similarity } from "./similarity.ts";
import { batchesOf, tokenBudgetFor } from "./token-batches.ts";
import { encodeWithin, type OnTruncate } from "./truncation.ts";
import { normalized } from "./vectors.ts";

export interface EncodeTextOptions {
  /** Put in front of each text; wins over promptName. */
  prompt?: string;
  /** A name in `prompts`. */
  promptName?: string;
  /** true: vectors of length 1. false: leave the model's own normalisation out. Default: what modules.json does. */
  normalize?: boolean;
  /** Keep the first dimensions only; with `normalize: true` the rest is scaled to length 1 again. Default: the model's truncate_dim, else all. */
  truncateDim?: number;
  /** Tokens a pass: bounds memory, never changes a result. Default 1024, with WebGPU 8192. */
  tokenBudget?: number;
  signal?: AbortSignal;
  onProgress?: (event: Progress) => void;
  /** Called for every text that is longer than maxSeqLength, with the number of tokens it has in full. */
  onTruncate?: OnTruncate;
}

type Precision = "float32" | "int8" | "uint8" | "binary" | "ubinary";
type AnyEncodeOptions = EncodeTextOptions & QuantizeOptions & { precision?: Precision };
type Vector = Float32Array | Int8Array | Uint8Array;

export class SentenceVectors {
  /** Size of a vector (as encode gives it without options). */
  readonly dimension: number;
  /** Tokens of a text that count, special tokens included; the rest is cut off. */
  readonly maxSeqLength: number;
  readonly prompts: Readonly<Record<string, string>>;
  readonly model: Model;
  readonly tokenizer: Tokenizer;
  readonly #parts: SentenceModel;

  /** Use SentenceEncoder.load. */
  constructor(parts: SentenceModel) {
    this.#parts = parts;
    this.dimension = Math.min(parts.dimension, parts.settings.truncateDim ?? Number.POSITIVE_INFINITY);
    this.maxSeqLength = parts.maxSeqLength;
    this.prompts = parts.settings.prompts;
    this.model = parts.model;
    this.tokenizer = parts.tokenizer;
  }

  /**
   * One text gives one vector, a list gives a list in the same order.
   * @throws ConfigError for texts that are no strings or options that cannot be used; DisposedError; the signal's reason
   */
  encode(text: string, options?: EncodeTextOptions & { precision?: "float32" }): Promise<Float32Array>;
  encode(texts: readonly string[], options?: EncodeTextOptions & { precision?: "float32" }): Promise<Float32Array[]>;
  encode(texts: readonly string[], options: EncodeTextOptions & QuantizeOptions & { precision: "int8" }): Promise<Int8Array[]>;
  encode(
    texts: readonly string[],
    options: EncodeTextOptions & QuantizeOptions & { precision: "uint8" | "ubinary" },
  ): Promise<Uint8Array[]>;
  encode(texts: readonly string[], options: EncodeTextOptions & { precision: "binary" }): Promise<Int8Array[]>;
  async encode(texts: string | readonly string[], options: AnyEncodeOptions = {}): Promise<Vector | Vector[]> {
    const { precision = "float32" } = checkOptions(options);
    checkPrecision(precision, options);
    const isList = Array.isArray(texts);
    const list = isList ? [...(texts as readonly string[])] : [texts as string];
    checkStrings(list, "texts");
    const vectors: Float32Array[] = [];
    for await (const batch of this.run(list, options, list.length)) vectors.push(...batch);
    const results = precision === "float32" ? vectors : quantizeEmbeddings(vectors, precision, options);
    return isList ? results : results[0]!;
  }

  /** Any number of texts, their vectors in order, in the memory of one pass. */
  async *stream(texts: Iterable<string> | AsyncIterable<string>, options: EncodeTextOptions = {}): AsyncGenerator<Float32Array> {
    checkOptions(options);
    checkIterable(texts, "stream", "an iterable of texts (encode takes one)");
    for await (const batch of this.run(texts, options)) yield* batch;
  }

  /** scores[i][j] of a[i] and b[j], by the model's similarity function (cosine, where it names none). */
  similarity(a: readonly Float32Array[], b: readonly Float32Array[]): Float32Array[] {
    return similarity(a, b, this.#parts.settings.similarity);
  }

  /** Frees the model; calls that wait are rejected with a DisposedError. */
  dispose(): void {
    this.#parts.model.dispose();
  }

  /** The vectors of a pass at a time. */
  protected async *run(
    texts: Iterable<string> | AsyncIterable<string>,
    options: EncodeTextOptions,
    total?: number,
  ): AsyncGenerator<Float32Array[]> {
    const { model, plan, settings, dimension: C } = this.#parts;
    const { signal, onProgress, onTruncate, truncateDim = settings.truncateDim ?? C } = options;
    checkInteger(truncateDim, "truncateDim");
    const prompt = resolvePrompt(settings, options.prompt, options.promptName);
    const promptTokens = plan.pooling.includePrompt ? 0 : this.#countPromptTokens(prompt);
    const steps = options.normalize === false ? this.#parts.steps.filter(({ kind }) => kind !== "normalize") : this.#parts.steps;
    const kept = Math.min(C, truncateDim);
    throwIfAborted(signal);
    let done = 0;
    for await (const batch of batchesOf(
      this.#tokenize(texts, prompt, onTruncate),
      ({ ids }) => ids.length,
      tokenBudgetFor(model.device, options.tokenBudget),
    )) {
      if (done > 0) {
        await nextTurn();
        throwIfAborted(signal);
      }
      const [data] = await model.computeHidden(
        batch,
        (backend, hidden, sequences) => [applySteps(backend, pool(backend, hidden, sequences, plan.pooling.modes, promptTokens), steps)],
        { signal },
      );
      const vectors = batch.map((_, b) => data!.slice(b * C, b * C + kept));
      done += batch.length;
      onProgress?.({ phase: "run", unit: "texts", loaded: done, ...(total !== undefined && { total }) });
      yield options.normalize ? vectors.map(normalized) : vectors;
    }
    if (done === 0) await model.forward([], signal ? { signal } : {}); // a disposed model says so, whatever it is asked
  }

  async *#tokenize(texts: Iterable<string> | AsyncIterable<string>, prompt: string, onTruncate: OnTruncate | undefined) {
    let index = 0;
    for await (const text of texts) {
      checkString(text, `text ${index}`);
      yield this.#encodeText(prompt + text, index++, onTruncate);
    }
  }

  #encodeText(text: string, index: number, onTruncate?: OnTruncate) {
    const { tokenizer, plan, lowerCase, maxSeqLength } = this.#parts;
    const limit = { maxLength: maxSeqLength, addSpecialTokens: plan.body !== "static", onTruncate };
    return encodeWithin(tokenizer, { text: lowerCase ? text.toLowerCase() : text }, index, limit);
  }

  /** Tokens that the prompt puts in front of a text, the leading special token included. */
  #countPromptTokens(prompt: string): number {
    if (prompt === "") return 0;
    const { ids } = this.#encodeText(prompt, 0);
    const special = Object.values(this.tokenizer.specialTokens).map(({ id }) => id);
    return special.includes(ids.at(-1)!) ? ids.length - 1 : ids.length;
  }
}

function checkPrecision(precision: string, { ranges, calibration }: QuantizeOptions): void {
  checkOneOf(precision, "precision", ["float32", "int8", "uint8", "binary", "ubinary"]);
  if (precision.endsWith("int8") && !ranges && !calibration) {
    throw new ConfigError(
      `encode: precision "${precision}" needs \`ranges\` or \`calibration\` vectors, so that a vector does not depend on its batch`,
    );
  }
}
