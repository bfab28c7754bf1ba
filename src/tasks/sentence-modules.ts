/**
 * modules.json: a sentence-transformers model is a list of modules, each with a class path and a folder.
 *
 *   Transformer | StaticEmbedding -> Pooling -> Dense* , Normalize, LayerNorm, Dropout in any order
 *
 * Only the last part of a class path counts (it moved between versions). Without modules.json a folder is a Transformer with mean pooling, as in Python.
 */

import { ConfigError, FormatError, UnsupportedError } from "../errors.ts";
import { objectOf, readJson, readRequiredObject } from "../files/json.ts";
import type { ModelFiles } from "../files/types.ts";
import type { Backend } from "../tensor/backend.ts";
import type { Mat } from "../tensor/mat.ts";
import { MEAN_POOLING, type Pooling, poolingOf } from "./pooling.ts";

/** What comes before any weight is read. */
export interface ModulePlan {
  readonly body: "transformer" | "static";
  /** The folder of the Transformer or StaticEmbedding. */
  readonly files: ModelFiles;
  readonly pooling: Pooling;
  readonly steps: readonly { readonly kind: StepKind; readonly files: ModelFiles }[];
}

/** A module after pooling, with its weights. */
export interface Step {
  readonly kind: StepKind;
  /** Size of the vectors that come out. */
  readonly width: number;
  /** Inside a pass: x [B, C] to [B, width]. */
  apply(backend: Backend, x: Mat): Mat;
}

export type StepKind = "dense" | "normalize" | "layerNorm";

/** Loads the module in `files`, which gets vectors of `width`. */
export type StepLoader = (files: ModelFiles, backend: Backend, width: number, signal?: AbortSignal) => Promise<Step>;
export type StepLoaders = Readonly<Record<StepKind, StepLoader>>;

const STEPS: ReadonlyMap<string, StepKind> = new Map([
  ["Dense", "dense"],
  ["Normalize", "normalize"],
  ["LayerNorm", "layerNorm"],
]);

/** @throws FormatError, ConfigError or UnsupportedError naming the module that cannot be used */
export async function readModulePlan(files: ModelFiles, signal?: AbortSignal): Promise<ModulePlan> {
  const modules = await readJson(files, "modules.json", signal);
  if (modules === undefined) return { body: "transformer", files, pooling: MEAN_POOLING, steps: [] };
  if (!Array.isArray(modules)) throw new FormatError(`${files.label}: modules.json must hold a list of modules`);
  let body: ModulePlan["body"] | undefined;
  let bodyFiles = files;
  let poolingFiles: ModelFiles | undefined;
  const steps: ModulePlan["steps"][number][] = [];
  for (const module of modules as unknown[]) {
    const { type, path } = objectOf(module, "a module of modules.json", files.label);
    const name = String(type).split(".").at(-1)!;
    const folder = typeof path === "string" && path !== "" ? files.subfolder(path) : files;
    const kind = STEPS.get(name);
    if (name === "Transformer" || name === "StaticEmbedding") {
      body = name === "Transformer" ? "transformer" : "static";
      bodyFiles = folder;
    } else if (name === "Pooling") {
      poolingFiles = folder;
    } else if (kind !== undefined) {
      steps.push({ kind, files: folder });
    } else if (name !== "Dropout") {
      throw new UnsupportedError(
        `${files.label}: modules.json names the module "${String(type)}"; supported are Transformer, StaticEmbedding, Pooling, Dropout, ${[...STEPS.keys()].join(", ")}`,
      );
    }
  }
  if (body === undefined) throw new ConfigError(`${files.label}: modules.json has neither a Transformer nor a StaticEmbedding`);
  if (body === "static") return { body, files: bodyFiles, pooling: MEAN_POOLING, steps };
  if (poolingFiles === undefined) throw new ConfigError(`${files.label}: modules.json has a Transformer without a Pooling module`);
  return { body, files: bodyFiles, pooling: await readPooling(poolingFiles, signal), steps };
}

/** A guess where the file is missing would be another model's vectors, so it must be there. */
async function readPooling(files: ModelFiles, signal: AbortSignal | undefined): Promise<Pooling> {
  return poolingOf(await readRequiredObject(files, "config.json", signal), files.label);
}

/** @param width size of the pooled vector; @returns also the size of the vector that comes out */
export async function loadSteps(
  plan: ModulePlan,
  loaders: StepLoaders,
  backend: Backend,
  width: number,
  signal?: AbortSignal,
): Promise<{ steps: Step[]; dimension: number }> {
  const steps: Step[] = [];
  let dimension = width;
  for (const { kind, files } of plan.steps) {
    const step = await loaders[kind](files, backend, dimension, signal);
    dimension = step.width;
    steps.push(step);
  }
  return { steps, dimension };
}

/** Normalize has no weights. */
export const loadNormalize: StepLoader = async (_files, _backend, width) => ({
  kind: "normalize",
  width,
  apply(backend, x) {
    const out = backend.alloc(x.rows, x.cols);
    backend.normalize(out, x);
    return out;
  },
});

/** Inside a pass: the modules after pooling, on x [B, C]. */
export function applySteps(backend: Backend, x: Mat, steps: readonly Step[]): Mat {
  return steps.reduce((input, step) => step.apply(backend, input), x);
}
