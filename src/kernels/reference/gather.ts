/**
 * gather: out[n, :] = table[indices[n], :], a zero row where the index is -1.
 *
 * An embedding lookup. The table stays in the file's own bytes and dtype; only the rows asked for are decoded (weight-rows.ts says how).
 */

import { floatsOf } from "../../tensor/host-mat.ts";
import type { Mat } from "../../tensor/mat.ts";
import { decodeRow } from "../../tensor/weight-rows.ts";
import type { WeightMatrix } from "../../tensor/weights.ts";

export function gather(out: Mat, weight: WeightMatrix, indices: Int32Array): void {
  const y = floatsOf(out);
  for (let n = 0; n < out.rows; n++) {
    const rowN = out.offset + n * out.stride;
    const index = indices[n]!;
    if (index === -1) y.fill(0, rowN, rowN + out.cols);
    else decodeRow(weight, index, y, rowN);
  }
}
