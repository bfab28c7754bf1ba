/**
 * The activation functions of the family, and the names that config.json uses for them (transformers' ACT2FN).
 *
 *   gelu       x Φ(x), the exact erf form                     (Hendrycks & Gimpel 2016, https://arxiv.org/abs/1606.08415)
 *   gelu_tanh  0.5 x (1 + tanh(sqrt(2/π) (x + 0.044715 x³)))   the approximation of the same paper, gelu_new in GPT-2 and ALBERT
 *   quick_gelu x sigmoid(1.702 x)
 *   silu       x sigmoid(x)
 */

import { ConfigError } from "../errors.ts";

export type Activation = "gelu" | "gelu_tanh" | "quick_gelu" | "relu" | "silu" | "tanh" | "sigmoid";

const BY_CONFIG_NAME: ReadonlyMap<string, Activation | "identity"> = new Map<string, Activation | "identity">([
  ["gelu", "gelu"],
  ["gelu_python", "gelu"],
  ["gelu_new", "gelu_tanh"],
  ["gelu_pytorch_tanh", "gelu_tanh"],
  ["gelu_python_tanh", "gelu_tanh"],
  ["gelu_accurate", "gelu_tanh"],
  ["gelu_fast", "gelu_tanh"],
  ["quick_gelu", "quick_gelu"],
  ["relu", "relu"],
  ["silu", "silu"],
  ["swish", "silu"],
  ["tanh", "tanh"],
  ["sigmoid", "sigmoid"],
  ["linear", "identity"],
]);

/** The activation that config.json names; undefined for the identity ("linear"). @throws ConfigError for an unknown name */
export function activationOf(name: string): Activation | undefined {
  const activation = BY_CONFIG_NAME.get(name);
  if (activation === undefined) {
    throw new ConfigError(`hidden_act "${name}" is not known; expected one of ${[...BY_CONFIG_NAME.keys()].join(", ")}`);
  }
  return activation === "identity" ? undefined : activation;
}
