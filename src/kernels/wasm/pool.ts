/**
 * The rows of one sequence pooled into one row: a maximum, or a weighted sum times a factor.
 *
 *   poolMax(out, x, S, cols, xStride)
 *   poolSum(out, x, S, cols, xStride, slope, divisor)     out = Σ_s w_s x[s] / divisor, with w_s = 1 (slope 0) or s + 1 (slope 1)
 *
 * mean, sum / sqrt(S) and the weighted mean are poolSum with their divisors. Rows are added in sixteens and those sums in turn:
 * the rounding error grows with 16 + S / 16 instead of S.
 */
import { mapColumns } from "./columns.ts";
import * as f32 from "./emitter/f32.ts";
import * as f32x4 from "./emitter/f32x4.ts";
import * as i32 from "./emitter/i32.ts";
import type { ModuleBuilder } from "./emitter/module.ts";
import { type FeatureLevel, multiplyAdd } from "./level.ts";

export function definePool(module: ModuleBuilder, level: FeatureLevel): void {
  module.function("poolMax", { i32: 5 }, (f, out, x, S, cols, xStride) => {
    const stride = f.i32(i32.shl(xStride, 2));
    mapColumns(f, cols, 4, [out, x], (load, row) => {
      const max = f.v128(load(row!));
      f.repeat(S, 1, () => {
        max.set(f32x4.max(max, load(row!)));
        row!.add(stride);
      });
      return max;
    });
  });

  module.function("poolSum", { i32: 5, f32: 2 }, (f, out, x, S, cols, xStride, slope, divisor) => {
    const stride = f.i32(i32.shl(xStride, 2));
    mapColumns(f, cols, 4, [out, x], (load, row) => {
      const total = f.v128(f32x4.const(0));
      const part = f.v128(f32x4.const(0));
      f.repeat(S, 1, (s) => {
        const weight = f32.add(f32.mul(f32.convert_i32_s(s), slope), 1);
        part.set(multiplyAdd(level, load(row!), f32x4.splat(weight), part));
        row!.add(stride);
        f.if(i32.eq(i32.and(s, 15), 15), () => {
          total.set(f32x4.add(total, part));
          part.set(f32x4.const(0));
        });
      });
      return f32x4.div(f32x4.add(total, part), f32x4.splat(divisor));
    });
  });
}
