/**
 * The files that loading a model asks for, fetched by the code that asks for them: sentence-transformers' modules with their weights, whichever
 * tokenizer files there are, config.json, and the checkpoint with its shards. Of weights only headers are read.
 */
import { ConfigError, FormatError, UnsupportedError } from "../errors.ts";
import { folderOf, joinName } from "../files/names.ts";
import type { ModelFiles } from "../files/types.ts";
import { Config } from "../models/config.ts";
import { architectureOf } from "../models/families.ts";
import { openWeights } from "../models/weight-files.ts";
import { readModuleWeights } from "../tasks/module-weights.ts";
import { readModulePlan } from "../tasks/sentence-modules.ts";
import { readSentenceSettings, readTransformerConfig } from "../tasks/sentence-settings.ts";
import { Tokenizer } from "../tokenizers/tokenizer.ts";

/** @returns the architecture, and the names of the files that are there */
export async function pullModel(source: ModelFiles, signal: AbortSignal): Promise<{ architecture: string; names: string[] }> {
  const found = new Set<string>();
  const files = noting(source, found);
  const plan = (await whereUsable(readModulePlan(files, signal))) ?? { body: "transformer", files, steps: [] };
  const architecture = plan.body === "static" ? "StaticEmbedding" : await readArchitecture(plan.files, signal);
  await whereUsable(readSentenceSettings(files, signal));
  await whereUsable(Tokenizer.fromFiles(plan.files, signal));
  if (plan.body === "static") await readModuleWeights(plan.files, async () => undefined, signal);
  else {
    await whereUsable(readTransformerConfig(plan.files, signal));
    (await openWeights(plan.files, signal)).close();
  }
  for (const step of plan.steps) {
    if (step.kind === "normalize") continue; // has no files
    await step.files.readIfPresent("config.json", signal);
    await readModuleWeights(step.files, async () => undefined, signal);
  }
  return { architecture, names: [...found] };
}

async function readArchitecture(files: ModelFiles, signal: AbortSignal): Promise<string> {
  return architectureOf(Config.parse(await files.read("config.json", signal), files.label)).name;
}

/** What a file means is not for pull to judge: a model without a tokenizer, or with a module that is not supported, still has an encoder. */
async function whereUsable<Result>(reading: Promise<Result>): Promise<Result | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof ConfigError || error instanceof FormatError || error instanceof UnsupportedError) return undefined;
    throw error;
  }
}

/** The same files; the name of each that is there is put into `found`. */
function noting(files: ModelFiles, found: Set<string>, folder = ""): ModelFiles {
  const there = <Result>(name: string, result: Result): Result => {
    if (result !== undefined) found.add(joinName(folder, name));
    return result;
  };
  const noted: ModelFiles = {
    label: files.label,
    readIfPresent: async (name, signal) => there(name, await files.readIfPresent(name, signal)),
    read: async (name, signal) => there(name, await files.read(name, signal)),
    open: async (name, signal) => ({
      ...there(name, await files.open(name, signal)),
      sibling: (other) => noted.open(joinName(folderOf(name), other)),
    }),
    subfolder: (path) => noting(files.subfolder(path), found, joinName(folder, path)),
  };
  return noted;
}
