/**
 * The reference's linear handles: weights as plain row-major arrays, W [N, K].
 *
 * All parts int8: W8A16 with one activation limit for the whole layer. Any float part: everything as f32, int8 parts multiplied out.
 */

import { activationLimit } from "../../tensor/w8.ts";
import { checkLinear, decodeMatrix } from "../../tensor/weight-rows.ts";
import type { Linear, WeightMatrix } from "../../tensor/weights.ts";
import type { QuantizedLinear } from "./project-w8.ts";

export interface FloatLinear extends Linear {
  readonly dtype: "f32";
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

export interface W8Linear extends Linear, QuantizedLinear {
  readonly dtype: "w8";
}

export function referenceLinear(weights: readonly WeightMatrix[], givenBias?: Float32Array): FloatLinear | W8Linear {
  const { N, K, bias } = checkLinear(weights, givenBias);
  if (weights.every(({ dtype }) => dtype === "I8")) {
    const values = new Int8Array(N * K);
    const scale = new Float32Array(N);
    let row = 0;
    for (const weight of weights) {
      values.set(new Int8Array(weight.bytes.buffer, weight.bytes.byteOffset, weight.bytes.length), row * K);
      scale.set(weight.scale!, row);
      row += weight.rows;
    }
    return { dtype: "w8", N, K, values, scale, bias, limit: activationLimit(values, N, K) };
  }
  const stacked = new Float32Array(N * K);
  let row = 0;
  for (const weight of weights) {
    stacked.set(decodeMatrix(weight), row * K);
    row += weight.rows;
  }
  return { dtype: "f32", N, K, weight: stacked, bias };
}
