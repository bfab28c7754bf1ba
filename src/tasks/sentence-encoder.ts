/**
 * SentenceEncoder: texts to vectors, with sentence-transformers' habit and numbers (Reimers & Gurevych 2019, https://arxiv.org/abs/1908.10084),
 * from every source and of every module there is. What it does with texts is in sentence-vectors.ts.
 */

import { checkOptions, checkString, throwIfAborted } from "../checks.ts";
import { loadFrom, openModelFiles } from "../files/index.ts";
import type { LoadOptions, ModelFiles, ModelSource, Progress } from "../files/types.ts";
import { loadModelFromFiles } from "../models/load.ts";
import { Tokenizer } from "../tokenizers/tokenizer.ts";
import { loadRemoteSentences, type RemoteSentences } from "../worker/tasks.ts";
import { DEFAULT_ENCODER } from "./defaults.ts";
import { loadDenseStep } from "./dense.ts";
import { loadLayerNorm } from "./layer-norm-step.ts";
import { openSentenceModel, type SentenceKit, type SentenceModel } from "./open-sentence-model.ts";
import { loadNormalize, readModulePlan } from "./sentence-modules.ts";
import { readSentenceSettings, readStaticLength } from "./sentence-settings.ts";
import { type EncodeTextOptions, SentenceVectors } from "./sentence-vectors.ts";
import { StaticModel } from "./static-model.ts";

export type { EncodeTextOptions } from "./sentence-vectors.ts";

const FULL_KIT: SentenceKit = {
  loadTokenizer: Tokenizer.fromFiles,
  loadBody: {
    transformer: async (files, options) => ({ model: await loadModelFromFiles(files, { ...options, architecture: "Model" }) }),
    static: async (files, options) => ({
      model: await StaticModel.load(files, options),
      longestText: await readStaticLength(files, options.signal),
    }),
  },
  loadStep: { dense: loadDenseStep, normalize: loadNormalize, layerNorm: loadLayerNorm },
};

export class SentenceEncoder extends SentenceVectors {
  /** Without a source: all-MiniLM-L6-v2 in w8. @throws ConfigError, UnsupportedError, WeightError, DownloadError about the source */
  static async load(source?: ModelSource, options: LoadOptions = {}): Promise<SentenceEncoder> {
    checkOptions(options);
    if (options.worker) return WorkerSentenceEncoder.start(source, options);
    const dtype = options.dtype ?? (source === undefined ? "w8" : "auto");
    const open = (files: ModelFiles) => openSentenceModel(FULL_KIT, files, { ...options, dtype });
    return new SentenceEncoder(await loadFrom(source, { ...options, defaultModel: DEFAULT_ENCODER }, open));
  }
}

/** Texts a message: enough to hide its way, few enough for progress. */
const TEXTS_PER_MESSAGE = 64;

/** worker: true. Tokens and passes are the worker's; options, precision and the order of a stream stay here. */
class WorkerSentenceEncoder extends SentenceEncoder {
  readonly #remote: RemoteSentences;

  private constructor(parts: SentenceModel, remote: RemoteSentences) {
    super(parts);
    this.#remote = remote;
  }

  static async start(source: ModelSource | undefined, options: LoadOptions): Promise<SentenceEncoder> {
    const remote = await loadRemoteSentences(source, options);
    try {
      const { onProgress: _, ...quiet } = options; // the files are here by now
      const files = await openModelFiles(source, { ...quiet, defaultModel: DEFAULT_ENCODER });
      const [plan, settings] = await Promise.all([readModulePlan(files), readSentenceSettings(files)]);
      const tokenizer = await Tokenizer.fromFiles(plan.files, options.signal); // `tokenizer` is public and answers at once
      const { dimension, maxSeqLength, model } = remote;
      // The rest of a SentenceModel is for run(), which works over there.
      return new WorkerSentenceEncoder({ model, tokenizer, plan, settings, dimension, maxSeqLength } as unknown as SentenceModel, remote);
    } catch (error) {
      remote.model.dispose();
      throw error;
    }
  }

  protected override async *run(
    texts: Iterable<string> | AsyncIterable<string>,
    options: EncodeTextOptions,
    total?: number,
  ): AsyncGenerator<Float32Array[]> {
    const { signal, onProgress, onTruncate, prompt, promptName, normalize, truncateDim, tokenBudget } = options;
    const rest = { prompt, promptName, normalize, truncateDim, tokenBudget }; // precision is applied here, to float32 vectors
    const whole = total === undefined ? {} : { total };
    let done = 0;
    const send = async (list: readonly string[]) => {
      const vectors = await this.#remote.encode(list, {
        ...rest,
        signal,
        onProgress: onProgress && (({ loaded }: Progress) => onProgress({ phase: "run", unit: "texts", loaded: done + loaded, ...whole })),
        onTruncate: onTruncate && ((index: number, tokens: number) => onTruncate(done + index, tokens)),
      });
      done += list.length;
      return vectors;
    };
    throwIfAborted(signal);
    let waiting: string[] = [];
    for await (const text of texts) {
      checkString(text, `text ${done + waiting.length}`);
      waiting.push(text);
      if (waiting.length < TEXTS_PER_MESSAGE) continue;
      yield await send(waiting);
      waiting = [];
    }
    if (waiting.length > 0 || done === 0) yield await send(waiting);
  }
}
