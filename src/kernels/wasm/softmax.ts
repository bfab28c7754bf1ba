/**
 * The numerators of attention's softmax and their sums, in place; the division comes after the product with V.
 *
 *   softmaxExp(x, rows, cols, stride, firstRow, window, sums, scale)
 *     x[r][j] = exp(scale (x[r][j] - max_j x[r][j])) where |firstRow + r - j| <= window (< 0: everywhere), else 0      sums[r] = Σ_j x[r][j]
 *
 * Subtracting the maximum keeps every exponential <= 1; scale > 0, so the maximum of the scaled row is the scaled maximum.
 * exp(scale d) is 2^(d scale log2 e), where the product is reduced before it is rounded.
 *
 * Full turns from the first column that counts; those behind the last one become -Infinity first, and so 0. For that every row leaves room for sixteen
 * more columns, and sums for sixteen more numbers. The order of a sum depends on the row's own window, never on the rows beside it.
 */
import { emitFold } from "./columns.ts";
import * as f32 from "./emitter/f32.ts";
import * as f32x4 from "./emitter/f32x4.ts";
import * as i32 from "./emitter/i32.ts";
import type { ModuleBuilder } from "./emitter/module.ts";
import * as v128 from "./emitter/v128.ts";
import { prepareExp2 } from "./exp.ts";
import type { FeatureLevel } from "./level.ts";
import { VectorSteps } from "./vectors.ts";

/** What is less is 0: a subnormal result, slow on some CPUs. */
const LEAST_POWER = -126;
/** Byte offsets of the vectors of a turn. A turn of the exponentials is shorter: they need the registers. */
const SIXTEEN = [0, 16, 32, 48];
const EIGHT = [0, 16];

export function defineSoftmax(module: ModuleBuilder, level: FeatureLevel): void {
  module.function("softmaxExp", { i32: 7, f32: 1 }, (f, x, rows, cols, stride, firstRow, window, sums, scale) => {
    const v = new VectorSteps(f, level);
    const factor = f.v128(f32x4.splat(f32.mul(scale, Math.LOG2E)));
    const exp2 = prepareExp2(v, factor);
    const least = f.v128(f32x4.div(f32x4.const(LEAST_POWER), factor));
    const minusInfinity = f.v128(f32x4.const(Number.NEGATIVE_INFINITY));
    const lanes = f.i32(i32.add(sums, i32.shl(rows, 2)));
    const low = f.i32(0);
    const high = f.i32(cols);
    f.repeat(rows, 1, (r) => {
      f.if(i32.ge_s(window, 0), () => {
        const i = f.i32(i32.add(firstRow, r));
        low.set(i32.sub(i, window));
        low.set(i32.max_s(low, 0));
        high.set(i32.add(i32.add(i, window), 1));
        high.set(i32.min_s(high, cols));
        low.set(i32.min_s(low, high));
      });
      const first = f.i32(i32.add(x, i32.shl(low, 2)));
      const end = f.i32(i32.add(x, i32.shl(high, 2)));
      for (const offset of SIXTEEN) f.storeV128(end, minusInfinity, offset);

      const maxima = SIXTEEN.map(() => f.v128(minusInfinity));
      const at = f.i32(first);
      f.while(
        () => i32.lt_u(at, end),
        () => {
          for (const [i, max] of maxima.entries()) max.set(f32x4.pmax(max, v128.load(at, 16 * i)));
          at.add(64);
        },
      );
      const max = emitFold(f, maxima, lanes, f32x4.pmax);

      const totals = EIGHT.map(() => f.v128(f32x4.const(0)));
      at.set(first);
      f.while(
        () => i32.lt_u(at, end),
        () => {
          const scores = EIGHT.map((offset) => f.v128(v128.load(at, offset)));
          const below = v.sub(scores, max);
          const powers = v.each((power, below) => v128.andnot(power!, f32x4.lt(below!, least)), exp2(below), below);
          for (const [i, power] of powers.entries()) f.storeV128(at, power, 16 * i);
          for (const [i, power] of powers.entries()) totals[i]!.set(f32x4.add(totals[i]!, power));
          at.add(32);
        },
      );
      f.storeLane32(i32.add(sums, i32.shl(r, 2)), emitFold(f, totals, lanes, f32x4.add), 0);

      f.if(i32.ge_s(window, 0), () => {
        f.memoryFill(x, 0, i32.shl(low, 2));
        f.memoryFill(end, 0, i32.shl(i32.sub(cols, high), 2));
      });
      x.add(i32.shl(stride, 2));
    });
  });
}
