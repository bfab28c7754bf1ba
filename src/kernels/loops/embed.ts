/**
 * embed: the sum of several table lookups, row by row: out[t] = table₁[i₁[t]] + table₂[i₂[t]] + ..., each sum rounded to f32, in order.
 */

import type { Lookup } from "../../tensor/backend.ts";
import { floatsOf } from "../../tensor/host-mat.ts";
import type { Mat } from "../../tensor/mat.ts";
import { decodeRow } from "../../tensor/weight-rows.ts";
import type { WeightMatrix } from "../../tensor/weights.ts";

/** `row` is scratch [1, cols]. */
export function embed(out: Mat, lookups: readonly Lookup[], row: Mat): void {
  const y = floatsOf(out);
  const next = floatsOf(row);
  for (let t = 0; t < out.rows; t++) {
    const rowT = out.offset + t * out.stride;
    lookups.forEach(({ table, indices }, i) => {
      const index = indices[t]!;
      const [target, at] = i === 0 ? [y, rowT] : [next, row.offset];
      if (index === -1) target.fill(0, at, at + out.cols);
      else decodeRow(table as WeightMatrix, index, target, at);
      if (i > 0) for (let c = 0; c < out.cols; c++) y[rowT + c] = y[rowT + c]! + next[row.offset + c]!;
    });
  }
}
