/**
 * project with int8 weights and int16 activations: W8A16 as tensor/w8.ts defines it.
 *
 * Each row of x gets its own scale, the integer sum is exact, and f32 enters only with the scales and the bias.
 */

import { floatsOf } from "../../tensor/host-mat.ts";
import type { Mat } from "../../tensor/mat.ts";
import { dequantize, quantizeActivationRow } from "../../tensor/w8.ts";

export interface QuantizedLinear {
  /** [N, K] row-major. */
  readonly values: Int8Array;
  /** [N], one a row of `values`. */
  readonly scale: Float32Array;
  readonly bias: Float32Array;
  /** Largest magnitude of a quantised activation. */
  readonly limit: number;
}

export function projectW8(out: Mat, x: Mat, { values, scale, bias, limit }: QuantizedLinear): void {
  const y = floatsOf(out);
  const K = x.cols;
  const row = new Int16Array(K);
  for (let m = 0; m < out.rows; m++) {
    const rowScale = quantizeActivationRow(row, floatsOf(x), x.offset + m * x.stride, K, limit);
    for (let n = 0; n < out.cols; n++) {
      let acc = 0;
      for (let k = 0; k < K; k++) acc += row[k]! * values[n * K + k]!;
      y[out.offset + m * out.stride + n] = dequantize(acc, rowScale, scale[n]!, bias[n]!);
    }
  }
}
