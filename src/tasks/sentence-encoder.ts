/**
 * SentenceEncoder: texts to vectors, with sentence-transformers' habit and numbers (Reimers & Gurevych 2019, https://arxiv.org/abs/1908.10084),
 * from every source and of every module there is. What it does with texts is in sentence-vectors.ts.
 */

import { openModelFiles } from "../files/index.ts";
import type { LoadOptions, ModelSource } from "../files/types.ts";
import { loadModelFromFiles } from "../models/load.ts";
import { Tokenizer } from "../tokenizers/tokenizer.ts";
import { DEFAULT_ENCODER } from "./defaults.ts";
import { loadDenseStep } from "./dense.ts";
import { loadLayerNorm } from "./layer-norm-step.ts";
import { openSentenceModel, type SentenceKit } from "./open-sentence-model.ts";
import { loadNormalize } from "./sentence-modules.ts";
import { readStaticLength } from "./sentence-settings.ts";
import { SentenceVectors } from "./sentence-vectors.ts";
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
    const files = await openModelFiles(source, { ...options, defaultModel: DEFAULT_ENCODER });
    const dtype = options.dtype ?? (source === undefined ? "w8" : "auto");
    return new SentenceEncoder(await openSentenceModel(FULL_KIT, files, { ...options, dtype }));
  }
}
