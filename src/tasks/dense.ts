/**
 * sentence-transformers' Dense module: y = f(x Wᵀ + b) on the pooled vector, f = tanh where config.json names none;
 * with `use_residual` y = f(x Wᵀ + b) + x, or + x Rᵀ where the sizes differ.
 */

import { ConfigError, UnsupportedError } from "../errors.ts";
import { readJsonObject } from "../files/json.ts";
import type { ModelFiles } from "../files/types.ts";
import { projectWith } from "../layers/feed-forward.ts";
import { loadLinear } from "../layers/linear.ts";
import { Config } from "../models/config.ts";
import type { Activation } from "../tensor/activations.ts";
import type { Backend } from "../tensor/backend.ts";
import type { Mat } from "../tensor/mat.ts";
import type { Linear } from "../tensor/weights.ts";
import { loadModule } from "./module-weights.ts";
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

/** @param files the module's own folder, e.g. 2_Dense */
async function loadDense(files: ModelFiles, backend: Backend, signal?: AbortSignal): Promise<Dense> {
  const config = new Config(await readJsonObject(files, "config.json", signal), files.label);
  const [K, N] = [config.integer("in_features"), config.integer("out_features")];
  const input = config.text("module_input_name", { fallback: "sentence_embedding" });
  if (input !== "sentence_embedding") throw config.unsupported(`a Dense module that works on "${input}"`);
  const activation = activationOf(config.values.activation_function, files.label);
  return loadModule(
    files,
    backend,
    async (weights) => {
      const linear = await loadLinear(weights, "linear", N, K, { role: "head", bias: config.flag("bias", true) });
      if (!config.flag("use_residual", false)) return { linear, activation };
      const residual = N === K ? "identity" : await loadLinear(weights, "residual", N, K, { role: "head", bias: false });
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
  projectWith(backend, y, x, linear, activation);
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
