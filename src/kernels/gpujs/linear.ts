/** Linear layers for gpu.js: the stacked weights as f32 rows, int8 multiplied out by its scales, and a bias (zeros where absent). */

import { checkLinear, decodeMatrix } from "../../tensor/weight-rows.ts";
import type { Linear, WeightMatrix } from "../../tensor/weights.ts";
import type { Matrix } from "./gpu.ts";

export interface GpuJsLinear extends Linear {
  readonly weight: Matrix; // N, K
  readonly bias: Float32Array; // N
}

/** @throws ShapeError where the parts do not fit together */
export function gpuJsLinear(weights: readonly WeightMatrix[], givenBias: Float32Array | undefined): GpuJsLinear {
  const { N, K, bias } = checkLinear(weights, givenBias);
  const weight = weights.flatMap((part) => {
    const values = decodeMatrix(part);
    return Array.from({ length: part.rows }, (_, n) => values.subarray(n * K, (n + 1) * K));
  });
  const isW8 = weights.every(({ dtype }) => dtype === "I8");
  return { N, K, dtype: isW8 ? "w8" : "f32", weight, bias };
}
