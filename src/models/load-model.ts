/**
 * loadModel: the engine's door. A source (folder, Hub id, bytes, nothing for the default) becomes a running model.
 */

import { openModelFiles } from "../files/index.ts";
import type { ModelSource } from "../files/types.ts";
import { loadModelFromFiles } from "./load.ts";
import type { Model, ModelOptions } from "./types.ts";

/**
 * Loads a model by config.json's `architectures`, or by `options.architecture` ("BertModel" uses only the encoder of a classifier).
 * @throws ConfigError, WeightError, FormatError, DownloadError: what is wrong with source, options, config.json or the weights
 */
export async function loadModel(source?: ModelSource, options: ModelOptions = {}): Promise<Model> {
  return loadModelFromFiles(await openModelFiles(source, options), options);
}
