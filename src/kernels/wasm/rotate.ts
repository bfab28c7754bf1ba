/**
 * Rotary position embedding (Su et al. 2021, https://arxiv.org/abs/2104.09864), first half of a head against its second:
 *
 *   out1 = x1 cos - x2 sin     out2 = x2 cos + x1 sin
 *
 * rotate(out, x, cos, sin, positions, rows, heads, half, outStride, xStride, tableStride): cos and sin are [P, half], positions int32 [rows].
 * Four channels at a time, the rest of a half one by one in the same arithmetic.
 */

import { eachColumn } from "./columns.ts";
import type { Local } from "./emitter/call.ts";
import * as f32x4 from "./emitter/f32x4.ts";
import * as i32 from "./emitter/i32.ts";
import type { ModuleBuilder } from "./emitter/module.ts";
import * as v128 from "./emitter/v128.ts";
import { type FeatureLevel, multiplyAdd, multiplySubtract } from "./level.ts";

export function defineRotate(module: ModuleBuilder, level: FeatureLevel): void {
  module.function("rotate", { i32: 11 }, (f, out, x, cos, sin, positions, rows, heads, half, outStride, xStride, tableStride) => {
    const halfBytes = f.i32(i32.shl(half, 2));
    f.repeat(rows, 1, (t) => {
      const position = f.i32(i32.load(i32.add(positions, i32.shl(t, 2))));
      const table = f.i32(i32.shl(i32.mul(position, tableStride), 2));
      const cosRow = f.i32(i32.add(cos, table));
      const sinRow = f.i32(i32.add(sin, table));
      const source = f.i32(x);
      const target = f.i32(out);
      f.repeat(heads, 1, () => {
        const rotated = (load: typeof v128.load, inputs: readonly Local<"i32">[]) => {
          const [first, second, c, s] = inputs.map((at) => f.v128(load(at)));
          const out1 = multiplySubtract(level, second!, s!, f32x4.mul(first!, c!));
          const out2 = multiplyAdd(level, first!, s!, f32x4.mul(second!, c!));
          return [f.v128(out1), f.v128(out2)] as const;
        };
        const source2 = f.i32(i32.add(source, halfBytes));
        const target2 = f.i32(i32.add(target, halfBytes));
        eachColumn(
          f,
          half,
          4,
          [target, target2, source, source2, cosRow, sinRow],
          (to1, to2, ...inputs) => {
            const [out1, out2] = rotated(v128.load, inputs);
            f.storeV128(to1!, out1);
            f.storeV128(to2!, out2);
          },
          (to1, to2, ...inputs) => {
            const [out1, out2] = rotated(v128.load32_splat, inputs);
            f.storeLane32(to1!, out1, 0);
            f.storeLane32(to2!, out2, 0);
          },
        );
        source.add(i32.shl(half, 3));
        target.add(i32.shl(half, 3));
      });
      out.add(i32.shl(outStride, 2));
      x.add(i32.shl(xStride, 2));
    });
  });
}
