/**
 * Layer normalisation's parameters (Ba et al. 2016, https://arxiv.org/abs/1607.06450): y = (x - mean) / sqrt(variance + eps) * gamma + beta.
 * PyTorch calls gamma and beta `weight` and `bias`; checkpoints converted from TensorFlow still say gamma and beta.
 */

import type { Norm } from "../tensor/backend.ts";
import type { Weights } from "./weights.ts";

const GAMMA = ["weight", "gamma"];
const BETA = ["bias", "beta"];

/** @param bias false for norms without beta (ModernBERT) */
export async function loadNorm(weights: Weights, C: number, eps: number, { bias = true } = {}): Promise<Norm> {
  const { backend } = weights;
  const [gamma, beta] = await weights.all([() => weights.vector(GAMMA, C), async () => (bias ? weights.vector(BETA, C) : undefined)]);
  return { gamma: backend.constant(gamma, 1, C), beta: beta && backend.constant(beta, 1, C), eps };
}
