/**
 * Softmax of rows: p_j = exp(s_j - max) / Σ exp(s - max), over all columns or over |i - j| <= window with zeros outside.
 *
 * softmaxExp is its numerators and their sums, for attention, which divides after the product with V: it works in place on `scale * s`.
 * Subtracting the maximum keeps every exponential <= 1; scale > 0, so the maximum of the scaled row is the scaled maximum.
 * The order of the sum depends on the row's own window, never on the rows beside it.
 */
import { eachColumn, emitFoldSum, emitMaximum } from "./columns.ts";
import { type Callable, call } from "./emitter/call.ts";
import type { V128 } from "./emitter/expression.ts";
import type { ModuleBuilder } from "./emitter/module.ts";
import { f32, i32, select } from "./emitter/scalar.ts";
import { f32x4, v128 } from "./emitter/simd.ts";
import { prepareExp } from "./exp.ts";
import { type FeatureLevel, multiplyAdd } from "./level.ts";

/** exponentials(out, x, cols, scale): out_j = exp(scale (x_j - max x)), gives their sum; out may be x. */
function defineExponentials(module: ModuleBuilder, level: FeatureLevel): Callable {
  return module.internal(
    "exponentials",
    { out: "i32", x: "i32", cols: "i32", scale: "f32" },
    (f, { out, x, cols, scale }) => {
      const max = emitMaximum(f, x, cols);
      const factor = f.v128(f32x4.splat(scale));
      const minusMax = f.v128(f32x4.splat(f32.neg(f32.mul(max, scale))));
      const exp = prepareExp(f, level);
      const power = (score: V128) => f.v128(exp(multiplyAdd(level, score, factor, minusMax)));
      const sums = [0, 1, 2, 3].map(() => f.v128(f32x4.const(0)));
      const rest = f.v128(f32x4.const(0));
      eachColumn(
        f,
        cols,
        16,
        [out, x],
        (out, x) => {
          const powers = [0, 16, 32, 48].map((offset) => power(v128.load(x!, offset)));
          for (const [i, e] of powers.entries()) f.storeV128(out!, e, 16 * i);
          for (const [i, e] of powers.entries()) sums[i]!.set(f32x4.add(sums[i]!, e));
        },
        (out, x) => {
          const e = power(v128.load32_splat(x!));
          f.storeLane32(out!, e, 0);
          rest.set(f32x4.add(rest, e));
        },
      );
      f.return(f32.add(emitFoldSum(f, sums), f32x4.extract_lane(rest, 0)));
    },
    "f32",
  );
}

const shape = { out: "i32", x: "i32", rows: "i32", cols: "i32", outStride: "i32", xStride: "i32", firstRow: "i32", window: "i32" } as const;

/**
 * softmax(out, x, rows, cols, outStride, xStride, firstRow, window): row r covers the columns |firstRow + r - j| <= window; window < 0 is none.
 * softmaxExp(out, x, rows, cols, outStride, xStride, firstRow, window, sums, scale): sums[r] gets the row's sum; firstRow counts from column 0.
 */
export function defineSoftmax(module: ModuleBuilder, level: FeatureLevel): void {
  const exponentials = defineExponentials(module, level);

  const define = (name: string, divide: boolean) =>
    module.function(
      name,
      { ...shape, sums: "i32", scale: "f32" },
      (f, { out, x, rows, cols, outStride, xStride, firstRow, window, sums, scale }) => {
        f.repeat(rows, 1, (r) => {
          const i = f.i32(i32.add(firstRow, r));
          const low = f.i32(0);
          const high = f.i32(cols);
          f.if(i32.ge_s(window, 0), () => {
            low.set(i32.sub(i, window));
            low.set(select(low, 0, i32.gt_s(low, 0)));
            high.set(i32.add(i32.add(i, window), 1));
            high.set(select(high, cols, i32.lt_s(high, cols)));
            low.set(select(low, high, i32.lt_s(low, high)));
            f.memoryFill(out, 0, i32.shl(low, 2));
            f.memoryFill(i32.add(out, i32.shl(high, 2)), 0, i32.shl(i32.sub(cols, high), 2));
          });
          const count = f.i32(i32.sub(high, low));
          const target = f.i32(i32.add(out, i32.shl(low, 2)));
          const sum = f.f32(call("f32", exponentials, target, i32.add(x, i32.shl(low, 2)), count, scale));
          if (divide) {
            const total = f.v128(f32x4.splat(sum));
            eachColumn(
              f,
              count,
              8,
              [target],
              (at) => {
                for (const offset of [0, 16]) f.storeV128(at!, f32x4.div(v128.load(at!, offset), total), offset);
              },
              (at) => f.storeF32(at!, f32.div(f32.load(at!), sum)),
            );
          } else {
            f.storeF32(i32.add(sums, i32.shl(r, 2)), sum);
          }
          out.set(i32.add(out, i32.shl(outStride, 2)));
          x.set(i32.add(x, i32.shl(xStride, 2)));
        });
      },
    );
  define("softmax", true);
  define("softmaxExp", false);
}
