/**
 * The rows of one sequence pooled into one row: a maximum, or a weighted sum times a factor.
 *
 *   poolMax(out, x, S, cols, xStride)
 *   poolSum(out, x, S, cols, xStride, slope, divisor)     out = Σ_s w_s x[s] / divisor, with w_s = 1 (slope 0) or s + 1 (slope 1)
 *
 * mean, sum / sqrt(S) and the weighted mean are poolSum with their divisors. Rows are added in sixteens and those sums in turn:
 * the rounding error grows with 16 + S / 16 instead of S.
 */
import { eachColumn } from "./columns.ts";
import type { Local } from "./emitter/call.ts";
import type { V128 } from "./emitter/expression.ts";
import * as f32 from "./emitter/f32.ts";
import * as f32x4 from "./emitter/f32x4.ts";
import * as i32 from "./emitter/i32.ts";
import type { ModuleBuilder } from "./emitter/module.ts";
import * as v128 from "./emitter/v128.ts";
import { type FeatureLevel, multiplyAdd } from "./level.ts";

export function definePool(module: ModuleBuilder, level: FeatureLevel): void {
  module.function("poolMax", { i32: 5 }, (f, out, x, S, cols, xStride) => {
    const stride = f.i32(i32.shl(xStride, 2));
    const maximum = (row: Local<"i32">, load: typeof v128.load) => {
      const max = f.v128(load(row));
      f.repeat(S, 1, () => {
        max.set(f32x4.max(max, load(row)));
        row.add(stride);
      });
      return max;
    };
    eachColumn(
      f,
      cols,
      4,
      [out, x],
      (out, x) => f.storeV128(out!, maximum(x!, v128.load)),
      (out, x) => f.storeLane32(out!, maximum(x!, v128.load32_splat), 0),
    );
  });

  module.function("poolSum", { i32: 5, f32: 2 }, (f, out, x, S, cols, xStride, slope, divisor) => {
    const stride = f.i32(i32.shl(xStride, 2));
    const quotient = (row: Local<"i32">, load: typeof v128.load): V128 => {
      const total = f.v128(f32x4.const(0));
      const part = f.v128(f32x4.const(0));
      f.repeat(S, 1, (s) => {
        const weight = f32.add(f32.mul(f32.convert_i32_s(s), slope), 1);
        part.set(multiplyAdd(level, load(row), f32x4.splat(weight), part));
        row.add(stride);
        f.if(i32.eq(i32.and(s, 15), 15), () => {
          total.set(f32x4.add(total, part));
          part.set(f32x4.const(0));
        });
      });
      return f32x4.div(f32x4.add(total, part), f32x4.splat(divisor));
    };
    eachColumn(
      f,
      cols,
      4,
      [out, x],
      (out, x) => f.storeV128(out!, quotient(x!, v128.load)),
      (out, x) => f.storeLane32(out!, quotient(x!, v128.load32_splat), 0),
    );
  });
}
