/**
 * modules.json: a sentence-transformers model is a list of modules, each with a class path and a folder.
 *
 *   Transformer | StaticEmbedding -> Pooling -> Dense* , Normalize, LayerNorm, Dropout in any order
 *
 * Only the last part of a class path counts (it moved between versions). Without modules.json a folder is a Transformer with mean pooling, as in Python.
 */

import { ConfigError, FormatError, UnsupportedError } from "../errors.ts";
import type { ModelFiles } from "../files/types.ts";
import type { Backend, Norm } from "../tensor/backend.ts";
import type { Mat } from "../tensor/mat.ts";
import { applyDense, type Dense, loadDense, openWeights } from "./dense.ts";
import { readJson, readJsonObject } from "./json-file.ts";
import { MEAN_POOLING, type Pooling, poolingOf } from "./pooling.ts";

/** What comes before any weight is read. */
export interface ModulePlan {
  readonly body: "transformer" | "static";
  /** The folder of the Transformer or StaticEmbedding. */
  readonly files: ModelFiles;
  readonly pooling: Pooling;
  readonly steps: readonly { readonly kind: "dense" | "normalize" | "layerNorm"; readonly files: ModelFiles }[];
}

/** A module after pooling, with its weights. */
export type Step =
  | { readonly kind: "dense"; readonly dense: Dense }
  | { readonly kind: "normalize" }
  | { readonly kind: "layerNorm"; readonly norm: Norm };

const STEPS: ReadonlyMap<string, ModulePlan["steps"][number]["kind"]> = new Map([
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
  let pooling: Pooling | undefined;
  const steps: ModulePlan["steps"][number][] = [];
  for (const { type, path } of modules as { type?: unknown; path?: unknown }[]) {
    const name = String(type).split(".").at(-1)!;
    const folder = typeof path === "string" && path !== "" ? files.subfolder(path) : files;
    const kind = STEPS.get(name);
    if (name === "Transformer" || name === "StaticEmbedding") {
      body = name === "Transformer" ? "transformer" : "static";
      bodyFiles = folder;
    } else if (name === "Pooling") {
      pooling = poolingOf(await readJsonObject(folder, "config.json", signal), folder.label);
    } else if (kind !== undefined) {
      steps.push({ kind, files: folder });
    } else if (name !== "Dropout") {
      throw new UnsupportedError(
        `${files.label}: modules.json names the module "${String(type)}"; supported are Transformer, StaticEmbedding, Pooling, Dense, Normalize, LayerNorm, Dropout`,
      );
    }
  }
  if (body === undefined) throw new ConfigError(`${files.label}: modules.json has neither a Transformer nor a StaticEmbedding`);
  if (body === "transformer" && pooling === undefined) {
    throw new ConfigError(`${files.label}: modules.json has a Transformer without a Pooling module, so there is no vector a text`);
  }
  return { body, files: bodyFiles, pooling: body === "static" ? MEAN_POOLING : pooling!, steps };
}

/** @param width size of the pooled vector; @returns also the size of the vector that comes out */
export async function loadSteps(
  plan: ModulePlan,
  backend: Backend,
  width: number,
  signal?: AbortSignal,
): Promise<{ steps: Step[]; dimension: number }> {
  const steps: Step[] = [];
  let dimension = width;
  for (const { kind, files } of plan.steps) {
    if (kind === "normalize") {
      steps.push({ kind });
    } else if (kind === "dense") {
      const dense = await loadDense(files, backend, signal);
      if (dense.linear.K !== dimension) {
        throw new ConfigError(
          `${files.label}: this Dense module takes ${dense.linear.K} inputs, but the module before it gives ${dimension}`,
        );
      }
      dimension = dense.linear.N;
      steps.push({ kind, dense });
    } else {
      const weights = await openWeights(files, signal);
      const [gamma, beta] = [await weights.floats("norm.weight"), await weights.floats("norm.bias")];
      steps.push({ kind, norm: { gamma: backend.constant(gamma, 1, dimension), beta: backend.constant(beta, 1, dimension), eps: 1e-5 } });
    }
  }
  return { steps, dimension };
}

/** Inside a pass: the modules after pooling, on x [B, C]. */
export function applySteps(backend: Backend, x: Mat, steps: readonly Step[]): Mat {
  return steps.reduce((input, step) => {
    if (step.kind === "dense") return applyDense(backend, input, step.dense);
    const out = backend.alloc(input.rows, input.cols);
    if (step.kind === "normalize") backend.normalize(out, input);
    else backend.layerNorm(out, input, step.norm);
    return out;
  }, x);
}
