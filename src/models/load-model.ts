/**
 * loadModel: the engine's door. A source (folder, Hub id, bytes, nothing for the default) becomes a running model.
 */

import { checkOptions } from "../checks.ts";
import { loadFrom } from "../files/index.ts";
import type { ModelSource } from "../files/types.ts";
import { loadRemoteModel } from "../worker/model.ts";
import { loadModelFromFiles } from "./load.ts";
import type { Model, ModelOptions } from "./types.ts";

/** In weights/ of a clone, else from the Hub or its cache, quantised to w8 while loading. */
const DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2";

/**
 * Loads a model by config.json's `architectures`, or by `options.architecture` ("BertModel" uses only the encoder of a classifier).
 * @throws ConfigError, WeightError, FormatError, DownloadError: what is wrong with source, options, config.json or the weights
 */
export async function loadModel(source?: ModelSource, options: ModelOptions = {}): Promise<Model> {
  checkOptions(options);
  if (options.worker) return loadRemoteModel(source, options);
  return loadFrom(source, { ...options, defaultModel: DEFAULT_MODEL }, (files) =>
    loadModelFromFiles(files, { ...options, dtype: options.dtype ?? (source === undefined ? "w8" : "auto") }),
  );
}
