/**
 * Attention scores with relative terms (MPNet, T5, DeBERTa), added between the product q k^T and the softmax:
 *
 *   addBuckets(scores, values, buckets, rows, S, scoresStride, rowStride, colStride, bucketStride, firstRow)
 *     scores[r][j] += values[r rowStride + j colStride + bucket bucketStride]    with bucket = buckets[i - j + S - 1], i = firstRow + r
 *
 * by "head"   values = table column h: rowStride = colStride = 0
 * by "query"  values = q table^T [rows, R]: colStride = 0       by "key"  values = k table^T [S, R]: rowStride = 0
 * A gather element by element: these families pay it, the others do not.
 */

import * as f32 from "./emitter/f32.ts";
import * as i32 from "./emitter/i32.ts";
import type { ModuleBuilder } from "./emitter/module.ts";

export function defineRelative(module: ModuleBuilder): void {
  module.function(
    "addBuckets",
    { i32: 10 },
    (f, scores, values, buckets, rows, S, scoresStride, rowStride, colStride, bucketStride, firstRow) => {
      const colBytes = f.i32(i32.shl(colStride, 2));
      f.repeat(rows, 1, (r) => {
        const i = i32.add(firstRow, r);
        const bucket = f.i32(i32.add(buckets, i32.shl(i32.sub(i32.add(i, S), 1), 2))); // of j = 0; the next j is one before
        const value = f.i32(values);
        const score = f.i32(scores);
        f.repeat(S, 1, () => {
          const at = i32.add(value, i32.shl(i32.mul(i32.load(bucket), bucketStride), 2));
          f.storeF32(score, f32.add(f32.load(score), f32.load(at)));
          score.add(4);
          bucket.set(i32.sub(bucket, 4));
          value.add(colBytes);
        });
        scores.add(i32.shl(scoresStride, 2));
        values.add(i32.shl(rowStride, 2));
      });
    },
  );
}
