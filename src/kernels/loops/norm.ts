/**
 * layerNorm and addLayerNorm in one pass over a row that stays in the first-level cache; formula in reference/layer-norm.ts.
 *
 * Same order and same roundings as the reference, so the same bits: the residual sum a + b is rounded to f32 before it is normalised.
 */

import type { Norm } from "../../tensor/backend.ts";
import { floatsOf } from "../../tensor/host-mat.ts";
import type { Mat } from "../../tensor/mat.ts";

/** out = layerNorm(a), or layerNorm(a + b) when b is given: `out`'s own row holds the sum on the way. */
export function normalizeRows(out: Mat, a: Mat, b: Mat | undefined, { gamma, beta, eps }: Norm): void {
  const y = floatsOf(out);
  const first = floatsOf(a);
  const second = b && floatsOf(b);
  const gain = floatsOf(gamma);
  const shift = beta && floatsOf(beta);
  const C = out.cols;
  for (let t = 0; t < out.rows; t++) {
    const rowT = out.offset + t * out.stride;
    const rowA = a.offset + t * a.stride;
    const rowB = b ? b.offset + t * b.stride : 0;
    let sum = 0;
    for (let c = 0; c < C; c++) {
      y[rowT + c] = second ? first[rowA + c]! + second[rowB + c]! : first[rowA + c]!;
      sum += y[rowT + c]!;
    }
    const mean = sum / C;
    let squares = 0;
    for (let c = 0; c < C; c++) {
      const deviation = y[rowT + c]! - mean;
      squares += deviation * deviation;
    }
    const inverse = 1 / Math.sqrt(squares / C + eps);
    for (let c = 0; c < C; c++) {
      const scaled = (y[rowT + c]! - mean) * inverse * gain[gamma.offset + c]!;
      y[rowT + c] = shift ? scaled + shift[beta!.offset + c]! : scaled + 0;
    }
  }
}
