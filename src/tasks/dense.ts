/**
 * sentence-transformers' Dense module: y = f(x Wᵀ + b) on the pooled vector, f = tanh where config.json names none;
 * with `use_residual` y = f(x Wᵀ + b) + x, or + x Rᵀ where the sizes differ.
 */

import { checkInteger } from "../checks.ts";
import { ConfigError, UnsupportedError, WeightError } from "../errors.ts";
import type { ModelFiles } from "../files/types.ts";
import type { Safetensors } from "../safetensors/types.ts";
import type { Activation } from "../tensor/activations.ts";
import type { Backend } from "../tensor/backend.ts";
import type { Mat } from "../tensor/mat.ts";
import type { Linear, WeightDType } from "../tensor/weights.ts";
import { readJsonObject } from "./json-file.ts";
import { readModuleWeights } from "./module-weights.ts";
import type { Step } from "./sentence-modules.ts";

interface Dense {
  readonly linear: Linear;
  /** Absent = identity. */
  readonly activation?: Activation | undefined;
  readonly residual?: Linear | "identity" | undefined;
}

/** By the last part of the class path that config.json gives: torch.nn.modules.activation.Tanh. */
const ACTIVATIONS: ReadonlyMap<string, Activation | undefined> = new Map<string, Activation | undefined>([
  ["Tanh", "tanh"],
  ["GELU", "gelu"],
  ["ReLU", "relu"],
  ["SiLU", "silu"],
  ["Sigmoid", "sigmoid"],
  ["Identity", undefined],
]);
const WEIGHT_DTYPES: readonly string[] = ["F64", "F32", "F16", "BF16"];

/** @param files the module's own folder, e.g. 2_Dense */
async function loadDense(files: ModelFiles, backend: Backend, signal?: AbortSignal): Promise<Dense> {
  const config = await readJsonObject(files, "config.json", signal);
  const K = size(config.in_features, files, "in_features");
  const N = size(config.out_features, files, "out_features");
  const input = config.module_input_name ?? "sentence_embedding";
  if (input !== "sentence_embedding") {
    throw new UnsupportedError(`${files.label}: this Dense module works on "${String(input)}"; only "sentence_embedding" is supported`);
  }
  const activation = activationOf(config.activation_function, files.label);
  return readModuleWeights(
    files,
    async (weights) => {
      const bias = config.bias === false ? undefined : await vector(weights, "linear.bias", N, files.label);
      const linear = backend.linear([await matrix(weights, "linear.weight", N, K, files.label)], bias);
      if (config.use_residual !== true) return { linear, activation };
      const residual = N === K ? "identity" : backend.linear([await matrix(weights, "residual.weight", N, K, files.label)]);
      return { linear, activation, residual };
    },
    signal,
  );
}

/** loadDense as a module after pooling. @throws ConfigError where the vectors before it have another size */
export async function loadDenseStep(files: ModelFiles, backend: Backend, width: number, signal?: AbortSignal): Promise<Step> {
  const dense = await loadDense(files, backend, signal);
  const { K, N } = dense.linear;
  if (K !== width) throw new ConfigError(`${files.label}: this Dense module takes ${K} inputs, but the module before it gives ${width}`);
  return { kind: "dense", width: N, apply: (inPass, x) => applyDense(inPass, x, dense) };
}

/** Inside a pass: x [B, K] to [B, N]. */
function applyDense(backend: Backend, x: Mat, { linear, activation, residual }: Dense): Mat {
  const y = backend.alloc(x.rows, linear.N);
  if (activation) backend.projectActivate(y, x, linear, activation);
  else backend.project(y, x, linear);
  if (residual === undefined) return y;
  let shortcut = x;
  if (residual !== "identity") {
    shortcut = backend.alloc(x.rows, linear.N);
    backend.project(shortcut, x, residual);
  }
  const sum = backend.alloc(x.rows, linear.N);
  backend.add(sum, y, shortcut);
  return sum;
}

async function matrix(weights: Safetensors, name: string, rows: number, cols: number, label: string) {
  const entry = weights.tensors.get(name);
  if (entry?.shape.length !== 2 || entry.shape[0] !== rows || entry.shape[1] !== cols) {
    throw new WeightError(`${label}: expected tensor ${name} [${rows}, ${cols}], found ${entry ? `[${entry.shape}]` : "none"}`);
  }
  if (!WEIGHT_DTYPES.includes(entry.dtype)) {
    throw new WeightError(`${label}: tensor ${name} is ${entry.dtype}; expected one of ${WEIGHT_DTYPES.join(", ")}`);
  }
  return { dtype: entry.dtype as WeightDType, rows, cols, bytes: await weights.bytes(name) };
}

async function vector(weights: Safetensors, name: string, length: number, label: string): Promise<Float32Array> {
  const entry = weights.tensors.get(name);
  if (entry?.shape.length !== 1 || entry.shape[0] !== length) {
    throw new WeightError(`${label}: expected tensor ${name} [${length}], found ${entry ? `[${entry.shape}]` : "none"}`);
  }
  return weights.floats(name);
}

function activationOf(path: unknown, label: string): Activation | undefined {
  if (path === undefined) return "tanh";
  if (path === null) return undefined;
  const name = String(path).split(".").at(-1)!;
  if (!ACTIVATIONS.has(name)) {
    throw new UnsupportedError(
      `${label}: activation_function "${String(path)}" is not supported; known are ${[...ACTIVATIONS.keys()].join(", ")}`,
    );
  }
  return ACTIVATIONS.get(name);
}

function size(value: unknown, files: ModelFiles, name: string): number {
  checkInteger(value, `config.json of ${files.label}: ${name}`);
  return value;
}
