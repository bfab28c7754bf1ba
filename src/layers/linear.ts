/**
 * A linear layer's weights: y = x Wᵀ + b, with W [N, K] and b [N] as PyTorch stores them.
 * Several modules that read the same input become one by stacking their rows: Q, K and V are one product of 3C columns.
 */

import type { Linear } from "../tensor/weights.ts";
import type { MatrixRole, Weights } from "./weights.ts";

export interface LinearOptions {
  readonly role: MatrixRole;
  /** False for layers without bias (ModernBERT). Default true. */
  readonly bias?: boolean;
}

/** Loads `modules` (names below `weights`; several are stacked by rows), each [N, K] with a bias [N]. */
export function loadLinear(
  weights: Weights,
  modules: string | readonly string[],
  N: number,
  K: number,
  options: LinearOptions,
): Promise<Linear> {
  return weights.linear(typeof modules === "string" ? [modules] : modules, N, K, options);
}

/** Weights.linear from matrix() and vector(). */
export async function stackLinear(
  weights: Weights,
  modules: readonly string[],
  N: number,
  K: number,
  { role, bias = true }: LinearOptions,
): Promise<Linear> {
  const matrices = [];
  const biases = new Float32Array(bias ? modules.length * N : 0);
  for (const [i, name] of modules.entries()) {
    matrices.push(await weights.matrix(`${name}.weight`, N, K, role));
    if (bias) biases.set(await weights.vector(`${name}.bias`, N), i * N);
  }
  return weights.backend.linear(matrices, bias ? biases : undefined);
}
