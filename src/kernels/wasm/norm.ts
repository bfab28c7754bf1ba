/**
 * Normalisation of rows.
 *
 *   layerNorm     y = (x - mean) / sqrt(variance + eps) * gamma + beta       (Ba et al. 2016, https://arxiv.org/abs/1607.06450)
 *   addLayerNorm  the same of a + b
 *   normalize     y = x / max(|x|, 1e-12)
 *
 * The variance is the mean of the squared centred values, from a second pass over the row while it is hot: E[x²] - mean² would cancel.
 * Sums run in sixteen lanes (columns.ts), so their error grows with C / 16.
 */
import { eachColumn, emitSum } from "./columns.ts";
import type { Local } from "./emitter/call.ts";
import * as f32 from "./emitter/f32.ts";
import * as f32x4 from "./emitter/f32x4.ts";
import * as f64 from "./emitter/f64.ts";
import type { FunctionBuilder } from "./emitter/function.ts";
import * as i32 from "./emitter/i32.ts";
import type { ModuleBuilder } from "./emitter/module.ts";
import * as v128 from "./emitter/v128.ts";
import { type FeatureLevel, multiplyAdd } from "./level.ts";

interface NormRow {
  readonly out: Local<"i32">;
  readonly x: Local<"i32">;
  readonly gamma: Local<"i32">;
  readonly beta: Local<"i32">;
  readonly cols: Local<"i32">;
  readonly eps: Local<"f32">;
}

/** One row; x may be out. */
function emitLayerNormRow(f: FunctionBuilder, level: FeatureLevel, { out, x, gamma, beta, cols, eps }: NormRow): void {
  const count = f.f32(f32.convert_i32_s(cols));
  const sum = emitSum(
    f,
    x,
    cols,
    (at, offset) => v128.load(at, offset),
    (at) => f32.load(at),
  );
  const mean = f.f32(f32.div(sum, count));
  const meanVector = f.v128(f32x4.splat(mean));
  const squares = emitSum(
    f,
    x,
    cols,
    (at, offset) => {
      const centred = f.v128(f32x4.sub(v128.load(at, offset), meanVector));
      return f32x4.mul(centred, centred);
    },
    (at) => {
      const centred = f.f32(f32.sub(f32.load(at), mean));
      return f32.mul(centred, centred);
    },
  );
  // In f64 one rounding instead of four: an error here would scale the whole row.
  const variance = f64.add(f64.div(f64.promote_f32(squares), f64.promote_f32(count)), f64.promote_f32(eps));
  const inverse = f.v128(f32x4.splat(f32.demote_f64(f64.div(1, f64.sqrt(variance)))));
  const value = (load: typeof v128.load, offset: number, [x, gamma, beta]: Local<"i32">[]) => {
    const centred = f32x4.sub(load(x!, offset), meanVector);
    return f.v128(multiplyAdd(level, f32x4.mul(centred, inverse), load(gamma!, offset), load(beta!, offset)));
  };
  eachColumn(
    f,
    cols,
    8,
    [out, x, gamma, beta],
    (out, ...inputs) => {
      const pair = [0, 16].map((offset) => value(v128.load, offset, inputs));
      for (const [i, y] of pair.entries()) f.storeV128(out!, y, 16 * i);
    },
    (out, ...inputs) => f.storeLane32(out!, value(v128.load32_splat, 0, inputs), 0),
  );
}

/** layerNorm(out, x, gamma, beta, rows, cols, outStride, xStride, eps); addLayerNorm(out, a, b, gamma, beta, rows, cols, outStride, aStride, bStride, eps); normalize(out, x, rows, cols, outStride, xStride). */
export function defineNorms(module: ModuleBuilder, level: FeatureLevel): void {
  const advance = (pointer: Local<"i32">, stride: Local<"i32">) => pointer.add(i32.shl(stride, 2));

  module.function("layerNorm", { i32: 8, f32: 1 }, (f, out, x, gamma, beta, rows, cols, outStride, xStride, eps) => {
    f.repeat(rows, 1, () => {
      emitLayerNormRow(f, level, { out, x, gamma, beta, cols, eps });
      advance(out, outStride);
      advance(x, xStride);
    });
  });

  module.function("addLayerNorm", { i32: 10, f32: 1 }, (f, out, a, b, gamma, beta, rows, cols, outStride, aStride, bStride, eps) => {
    f.repeat(rows, 1, () => {
      eachColumn(
        f,
        cols,
        8,
        [out, a, b],
        (out, a, b) => {
          const pair = [0, 16].map((offset) => f.v128(f32x4.add(v128.load(a!, offset), v128.load(b!, offset))));
          for (const [i, sum] of pair.entries()) f.storeV128(out!, sum, 16 * i);
        },
        (out, a, b) => f.storeF32(out!, f32.add(f32.load(a!), f32.load(b!))),
      );
      emitLayerNormRow(f, level, { out, x: out, gamma, beta, cols, eps });
      advance(out, outStride);
      advance(a, aStride);
      advance(b, bStride);
    });
  });

  module.function("normalize", { i32: 6 }, (f, out, x, rows, cols, outStride, xStride) => {
    f.repeat(rows, 1, () => {
      const squares = emitSum(
        f,
        x,
        cols,
        (at, offset) => {
          const value = f.v128(v128.load(at, offset));
          return f32x4.mul(value, value);
        },
        (at) => {
          const value = f.f32(f32.load(at));
          return f32.mul(value, value);
        },
      );
      const length = f.v128(f32x4.splat(f32.max(f32.sqrt(squares), 1e-12)));
      eachColumn(
        f,
        cols,
        8,
        [out, x],
        (out, x) => {
          for (const offset of [0, 16]) f.storeV128(out!, f32x4.div(v128.load(x!, offset), length), offset);
        },
        (out, x) => f.storeLane32(out!, f32x4.div(v128.load32_splat(x!), length), 0),
      );
      advance(out, outStride);
      advance(x, xStride);
    });
  });
}
