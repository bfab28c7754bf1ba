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
import { emitSum, mapColumns } from "./columns.ts";
import type { Local } from "./emitter/call.ts";
import * as f32 from "./emitter/f32.ts";
import * as f32x4 from "./emitter/f32x4.ts";
import * as f64 from "./emitter/f64.ts";
import type { FunctionBuilder } from "./emitter/function.ts";
import * as i32 from "./emitter/i32.ts";
import type { ModuleBuilder } from "./emitter/module.ts";
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
  const sum = emitSum(f, x, cols, (load, at) => load(at));
  const mean = f.v128(f32x4.splat(f32.div(sum, count)));
  const squares = emitSum(f, x, cols, (load, at) => {
    const centred = f.v128(f32x4.sub(load(at), mean));
    return f32x4.mul(centred, centred);
  });
  // In f64 one rounding instead of four: an error here would scale the whole row.
  const variance = f64.add(f64.div(f64.promote_f32(squares), f64.promote_f32(count)), f64.promote_f32(eps));
  const inverse = f.v128(f32x4.splat(f32.demote_f64(f64.div(1, f64.sqrt(variance)))));
  mapColumns(f, cols, 8, [out, x, gamma, beta], (load, x, gamma, beta) => {
    const centred = f32x4.sub(load(x!), mean);
    return multiplyAdd(level, f32x4.mul(centred, inverse), load(gamma!), load(beta!));
  });
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
      mapColumns(f, cols, 8, [out, a, b], (load, a, b) => f32x4.add(load(a!), load(b!)));
      emitLayerNormRow(f, level, { out, x: out, gamma, beta, cols, eps });
      advance(out, outStride);
      advance(a, aStride);
      advance(b, bStride);
    });
  });

  module.function("normalize", { i32: 6 }, (f, out, x, rows, cols, outStride, xStride) => {
    f.repeat(rows, 1, () => {
      const squares = emitSum(f, x, cols, (load, at) => {
        const value = f.v128(load(at));
        return f32x4.mul(value, value);
      });
      const length = f.v128(f32x4.splat(f32.max(f32.sqrt(squares), 1e-12)));
      mapColumns(f, cols, 8, [out, x], (load, x) => f32x4.div(load(x!), length));
      advance(out, outStride);
      advance(x, xStride);
    });
  });
}
