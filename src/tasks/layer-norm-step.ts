/**
 * sentence-transformers' LayerNorm module: a norm over the pooled vector, eps 1e-5 as in torch.nn.LayerNorm.
 */

import { readModuleWeights } from "./module-weights.ts";
import type { StepLoader } from "./sentence-modules.ts";

export const loadLayerNorm: StepLoader = async (files, backend, width, signal) => {
  const [gamma, beta] = await readModuleWeights(
    files,
    (weights) => Promise.all([weights.floats("norm.weight"), weights.floats("norm.bias")]),
    signal,
  );
  const norm = { gamma: backend.constant(gamma, 1, width), beta: backend.constant(beta, 1, width), eps: 1e-5 };
  return {
    kind: "layerNorm",
    width,
    apply(inPass, x) {
      const out = inPass.alloc(x.rows, x.cols);
      inPass.layerNorm(out, x, norm);
      return out;
    },
  };
};
