/**
 * Opens the model of a task: files, tokenizer and weights from one view of the folder, after a check that the architecture fits the task.
 * A wrong one is refused before any weight is read, with a sentence that names the task, the model, and what would work.
 */

import { ConfigError } from "../errors.ts";
import { loadFrom } from "../files/index.ts";
import { readRequiredObject } from "../files/json.ts";
import type { LoadOptions, ModelFiles, ModelSource } from "../files/types.ts";
import type { EncoderModel } from "../models/encoder-model.ts";
import { loadModelFromFiles } from "../models/load.ts";
import { Tokenizer } from "../tokenizers/tokenizer.ts";
import { DEFAULT_ENCODER, TASK_DEFAULTS, type TaskDefaults, type TaskName } from "./defaults.ts";
import { loadBeside } from "./load-beside.ts";
import { type OnTruncate, warnOnce } from "./truncation.ts";

export interface TaskModel {
  readonly task: TaskName;
  /** What the user gave, for error sentences. */
  readonly label: string;
  readonly files: ModelFiles;
  readonly tokenizer: Tokenizer;
  readonly model: EncoderModel;
  /** Tokens a text may have, special ones included: the tokenizer's limit or the model's, whichever is smaller. */
  readonly maxLength: number;
  /** Tells of a text that was cut where the caller passed no onTruncate. */
  readonly warnTruncated: OnTruncate;
}

/** The heads that can serve a task, and what each head is for: to say what would work. */
const HEADS: Readonly<Record<TaskName, readonly string[]>> = {
  "text-classification": ["ForSequenceClassification"],
  "token-classification": ["ForTokenClassification"],
  "question-answering": ["ForQuestionAnswering"],
  "fill-mask": ["ForMaskedLM", "ForPreTraining"],
  "zero-shot-classification": ["ForSequenceClassification"],
  "feature-extraction": ["Model"],
  "sentence-similarity": ["Model"],
  "text-ranking": ["ForSequenceClassification"],
};

/**
 * @throws ConfigError where the task has no default and no source is given, or the architecture does not fit
 */
export async function openTask(task: TaskName, source: ModelSource | undefined, options: LoadOptions = {}): Promise<TaskModel> {
  const { signal } = options;
  const defaults: TaskDefaults = TASK_DEFAULTS[task];
  if (source === undefined && defaults.model === undefined) throw new ConfigError(noDefault(task));
  return loadFrom(source, { ...options, defaultModel: defaults.model, toTry: defaults.suggestions }, async (files) => {
    const architecture = await architectureFor(task, files, signal);
    const quantised = source === undefined && defaults.model === DEFAULT_ENCODER ? "w8" : "auto";
    const [model, tokenizer] = await loadBeside(
      (stop) => loadModelFromFiles(files, { ...options, signal: stop, dtype: options.dtype ?? quantised, architecture }),
      (stop) => Tokenizer.fromFiles(files, stop),
      (loaded) => loaded.dispose(),
      signal,
    );
    const maxLength = Math.min(tokenizer.modelMaxLength, model.maxLength);
    return {
      task,
      label: files.label,
      files,
      tokenizer,
      model,
      maxLength,
      warnTruncated: warnOnce(task, files.label, maxLength),
    };
  });
}

/** The sentence for a task without a default model. */
function noDefault(task: TaskName): string {
  const id = TASK_DEFAULTS[task].suggestions[0];
  return `${task} has no default model; pass one, for example pipeline("${task}", "${id}"), on the command line --model ${id}`;
}

/** The architecture to load: config.json's own, or for tasks on the bare encoder "Model". */
async function architectureFor(task: TaskName, files: ModelFiles, signal: AbortSignal | undefined): Promise<string> {
  const heads = HEADS[task];
  if (heads.includes("Model")) return "Model";
  const listed = (await readRequiredObject(files, "config.json", signal)).architectures;
  const name = Array.isArray(listed) ? String(listed[0] ?? "") : "";
  const head = heads.find((candidate) => name.endsWith(candidate));
  // A BERT of the pre-training kind has the masked LM head besides another; ELECTRA's is a discriminator and has none.
  if (head === "ForPreTraining" && !name.startsWith("Electra")) return name.replace("ForPreTraining", "ForMaskedLM");
  if (head !== undefined && head !== "ForPreTraining") return name;
  const found = name === "" ? "a model without an architecture in config.json" : `a ${name}`;
  const servedTasks = (Object.keys(HEADS) as TaskName[]).filter((other) => HEADS[other].some((candidate) => name.endsWith(candidate)));
  const use = servedTasks.length > 0 ? `, which serves ${servedTasks.join(", ")}` : "";
  throw new ConfigError(
    `${task}: the model (${files.label}) is ${found}${use}; expected an architecture that ends in ${heads.join(" or ")}, for example ${TASK_DEFAULTS[task].suggestions.join(" or ")}`,
  );
}
