/**
 * sentence-transformers' LayerNorm module: a norm over the pooled vector, eps 1e-5 as in torch.nn.LayerNorm.
 */

import { loadNorm } from "../layers/layer-norm.ts";
import { loadModule } from "./module-weights.ts";
import type { StepLoader } from "./sentence-modules.ts";

export const loadLayerNorm: StepLoader = async (files, backend, width, signal) => {
  const norm = await loadModule(files, backend, (weights) => loadNorm(weights.at("norm"), width, 1e-5), signal);
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
