/**
 * Opens the folder of a sentence-transformers model: modules.json says what the model is made of, a SentenceKit what it may be made of.
 */

import type { LoadOptions, ModelFiles } from "../files/types.ts";
import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { loadBeside } from "./load-beside.ts";
import { loadSteps, type ModulePlan, readModulePlan, type Step, type StepLoaders } from "./sentence-modules.ts";
import { readSentenceSettings, readTransformerConfig, type SentenceSettings } from "./sentence-settings.ts";
import type { TokenVectorModel } from "./text-vectors.ts";

/** What a bundle brings along: sentence-encoder.ts all there is, slim.ts a part. */
export interface SentenceKit {
  readonly loadTokenizer: (files: ModelFiles, signal?: AbortSignal) => Promise<Tokenizer>;
  readonly loadBody: Readonly<Record<ModulePlan["body"], (files: ModelFiles, options: LoadOptions) => Promise<SentenceBody>>>;
  readonly loadStep: StepLoaders;
}

/** The first module: token vectors, and how many tokens of a text it takes where the Transformer's own configuration is silent. */
export interface SentenceBody {
  readonly model: TokenVectorModel;
  readonly longestText?: number;
}

export interface SentenceModel {
  readonly model: TokenVectorModel;
  readonly tokenizer: Tokenizer;
  readonly plan: ModulePlan;
  readonly steps: readonly Step[];
  readonly dimension: number;
  readonly settings: SentenceSettings;
  readonly maxSeqLength: number;
  readonly lowerCase: boolean;
}

/** @throws ConfigError, UnsupportedError, WeightError, DownloadError about the files */
export async function openSentenceModel(kit: SentenceKit, files: ModelFiles, options: LoadOptions): Promise<SentenceModel> {
  const { signal } = options;
  const [plan, settings] = await Promise.all([readModulePlan(files, signal), readSentenceSettings(files, signal)]);
  const [{ model, longestText }, [tokenizer, transformer]] = await loadBeside(
    (stop) => kit.loadBody[plan.body](plan.files, { ...options, signal: stop }),
    (stop) => Promise.all([kit.loadTokenizer(plan.files, stop), readTransformerConfig(plan.files, stop)]),
    ({ model }) => model.dispose(),
    signal,
  );
  try {
    const width = model.hiddenSize * plan.pooling.modes.length;
    const { steps, dimension } = await loadSteps(plan, kit.loadStep, model.backend, width, signal);
    const maxSeqLength = Math.min(longestText ?? transformer.maxSeqLength ?? tokenizer.modelMaxLength, model.maxLength);
    return { model, tokenizer, plan, steps, dimension, settings, maxSeqLength, lowerCase: transformer.lowerCase };
  } catch (error) {
    model.dispose();
    throw error;
  }
}
