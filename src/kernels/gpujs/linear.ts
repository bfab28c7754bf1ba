/** Linear layers for gpu.js: the stacked weights as f32 rows, int8 multiplied out by its scales, and a bias (zeros where absent). */

import { ShapeError } from "../../errors.ts";
import { checkWeight, decodeMatrix } from "../../tensor/weight-rows.ts";
import type { Linear, WeightMatrix } from "../../tensor/weights.ts";
import type { Matrix } from "./gpu.ts";

export interface GpuJsLinear extends Linear {
  readonly weight: Matrix; // N, K
  readonly bias: Float32Array; // N
}

/** @throws ShapeError where the parts do not fit together */
export function gpuJsLinear(weights: readonly WeightMatrix[], bias: Float32Array | undefined): GpuJsLinear {
  const K = weights[0]?.cols;
  if (K === undefined) throw new ShapeError("linear: expected at least one weight matrix");
  const weight: Float32Array[] = [];
  for (const part of weights) {
    checkWeight(part);
    if (part.cols !== K) throw new ShapeError(`linear: stacked weights need equal inputs, got K = ${K} and K = ${part.cols}`);
    const values = decodeMatrix(part);
    for (let n = 0; n < part.rows; n++) weight.push(values.subarray(n * K, (n + 1) * K));
  }
  const N = weight.length;
  if (bias && bias.length !== N) throw new ShapeError(`linear: ${N} outputs need a bias of ${N} values, got ${bias.length}`);
  const isW8 = weights.every(({ dtype }) => dtype === "I8");
  return { N, K, dtype: isW8 ? "w8" : "f32", weight, bias: bias?.slice() ?? new Float32Array(N) };
}
