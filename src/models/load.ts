/**
 * assemble.ts with everything there is: all families, heads and backends, weights in one file or several.
 */

import type { ModelFiles } from "../files/types.ts";
import { createBackend } from "../kernels/choose.ts";
import { loadModelWith, type ModelKit } from "./assemble.ts";
import type { EncoderModel } from "./encoder-model.ts";
import { FAMILIES } from "./families.ts";
import { loadHead } from "./heads.ts";
import { readInPlace } from "./in-place.ts";
import type { ModelOptions } from "./types.ts";
import { openWeights } from "./weight-files.ts";

const FULL_KIT: ModelKit = { families: FAMILIES, createBackend, openWeights, loadHead, readInPlace };

/** Loads a model from files that are open already: tasks read tokenizer and weights from one view of the folder. Options and errors as loadModel. */
export function loadModelFromFiles(files: ModelFiles, options: ModelOptions = {}): Promise<EncoderModel> {
  return loadModelWith(FULL_KIT, files, options);
}
