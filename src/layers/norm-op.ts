/**
 * A norm as an operation, for families whose config.json chooses it: layer norm, or MobileBERT's NoNorm, gain * x + shift, which needs no
 * statistics of the row (Sun et al. 2020, https://arxiv.org/abs/2004.02984, section 4.4).
 */

import type { Backend } from "../tensor/backend.ts";
import type { Mat } from "../tensor/mat.ts";
import { loadNorm } from "./layer-norm.ts";
import type { Weights } from "./weights.ts";

/** PyTorch's default, which MobileBERT's embeddings and last network use whatever layer_norm_eps says. */
export const DEFAULT_EPS = 1e-5;

/** out = norm(x), row by row. */
export type NormOp = (backend: Backend, out: Mat, x: Mat) => void;

export async function loadNormOp(weights: Weights, kind: "layer_norm" | "no_norm", C: number, eps: number): Promise<NormOp> {
  const norm = await loadNorm(weights, C, eps);
  if (kind === "layer_norm") return (backend, out, x) => backend.layerNorm(out, x, norm);
  return (backend, out, x) => backend.scaleShift(out, x, norm.gamma, norm.beta!);
}
