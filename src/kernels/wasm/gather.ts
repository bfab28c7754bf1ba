/**
 * Rows by index, and rows of an embedding table decoded from the file's own bytes.
 *
 *   take(out, x, indices, rows, cols, outStride, xStride)                  out[n] = x[indices[n]], zeros where the index is -1
 *   zero(out, rows, cols, outStride)                                       out = 0
 *   decode_F32 | decode_F16 | decode_BF16 | decode_I8 (out, bytes, scales, indices, rows, cols, outStride, accumulate)
 *                                                                          out[n] (+)= row indices[n] of `bytes`, dense rows at any alignment; indices 0: row n
 *
 * bf16 is the upper half of an f32. int8 times scales[n] rounds once. Four values at a time; what is left of a row goes through the same arithmetic one by one.
 */
import type { Local } from "./emitter/call.ts";
import type { V128 } from "./emitter/expression.ts";
import * as f32 from "./emitter/f32.ts";
import * as f32x4 from "./emitter/f32x4.ts";
import type { FunctionBuilder } from "./emitter/function.ts";
import * as i16x8 from "./emitter/i16x8.ts";
import * as i32 from "./emitter/i32.ts";
import * as i32x4 from "./emitter/i32x4.ts";
import type { ModuleBuilder } from "./emitter/module.ts";
import * as v128 from "./emitter/v128.ts";
import { emitDecodeF16 } from "./pack-kernels.ts";

interface Format {
  readonly bytes: 1 | 2 | 4;
  /** Four values at an address. */
  readonly four: (f: FunctionBuilder, at: Local<"i32">, scale: Local<"v128">) => V128;
  /** The value at an address, in lane 0. */
  readonly one: (f: FunctionBuilder, at: Local<"i32">, scale: Local<"v128">) => V128;
}

const formats: Readonly<Record<"F32" | "F16" | "BF16" | "I8", Format>> = {
  F32: { bytes: 4, four: (_f, at) => v128.load(at), one: (_f, at) => v128.load32_splat(at) },
  F16: {
    bytes: 2,
    four: (f, at) => emitDecodeF16(f, v128.load16x4_u(at)),
    one: (f, at) => emitDecodeF16(f, i32x4.splat(i32.load16_u(at))),
  },
  BF16: {
    bytes: 2,
    four: (_f, at) => i32x4.shl(v128.load16x4_u(at), 16),
    one: (_f, at) => i32x4.shl(i32x4.splat(i32.load16_u(at)), 16),
  },
  I8: {
    bytes: 1,
    four: (_f, at, scale) => {
      const words = i16x8.extend_low_i8x16_s(v128.load32_zero(at));
      return f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(words)), scale);
    },
    one: (_f, at, scale) => f32x4.mul(f32x4.convert_i32x4_s(i32x4.splat(i32.load8_s(at))), scale),
  },
};

function defineDecode(module: ModuleBuilder, name: keyof typeof formats): void {
  const { bytes: size, four, one } = formats[name];
  module.function(`decode_${name}`, { i32: 8 }, (f, out, bytes, scales, indices, rows, cols, outStride, accumulate) => {
    const source = f.i32(bytes);
    const rowBytes = f.i32(i32.mul(cols, size));
    const mask = f.v128(i32x4.splat(i32.sub(0, accumulate))); // accumulate is 0 or 1
    const scale = f.v128(f32x4.const(1));
    f.repeat(rows, 1, (n) => {
      if (name === "I8") scale.set(v128.load32_splat(i32.add(scales, i32.shl(n, 2))));
      f.if(indices, () => source.set(i32.add(bytes, i32.mul(i32.load(i32.add(indices, i32.shl(n, 2))), rowBytes))));
      const target = f.i32(out);
      const end = f.i32(i32.add(out, i32.shl(cols, 2)));
      const lastFour = f.i32(i32.add(out, i32.shl(i32.and(cols, -4), 2)));
      // -0 + -0 keeps the sign of zero, so that the sum with nothing is the value itself
      const before = (load: V128) => v128.bitselect(load, f32x4.const(-0), mask);
      f.while(
        () => i32.lt_u(target, lastFour),
        () => {
          f.storeV128(target, f32x4.add(before(v128.load(target)), four(f, source, scale)));
          target.add(16);
          source.add(4 * size);
        },
      );
      f.while(
        () => i32.lt_u(target, end),
        () => {
          f.storeLane32(target, f32x4.add(before(v128.load32_splat(target)), one(f, source, scale)), 0);
          target.add(4);
          source.add(size);
        },
      );
      out.add(i32.shl(outStride, 2));
    });
  });
}

export function defineGather(module: ModuleBuilder): void {
  for (const name of Object.keys(formats)) defineDecode(module, name as keyof typeof formats);

  module.function("zero", { i32: 4 }, (f, out, rows, cols, outStride) => {
    f.repeat(rows, 1, () => {
      f.memoryFill(out, 0, i32.shl(cols, 2));
      out.add(i32.shl(outStride, 2));
    });
  });

  module.function("take", { i32: 7 }, (f, out, x, indices, rows, cols, outStride, xStride) => {
    const rowBytes = f.i32(i32.shl(cols, 2));
    f.repeat(rows, 1, (n) => {
      const index = f.i32(i32.load(i32.add(indices, i32.shl(n, 2))));
      f.if(
        i32.lt_s(index, 0),
        () => f.memoryFill(out, 0, rowBytes),
        () => {
          const source = f.i32(i32.add(x, i32.shl(i32.mul(index, xStride), 2)));
          // single columns (relative position biases) are common: no bulk copy for four bytes
          f.if(
            i32.eq(cols, 1),
            () => f.storeF32(out, f32.load(source)),
            () => f.memoryCopy(out, source, rowBytes),
          );
        },
      );
      out.add(i32.shl(outStride, 2));
    });
  });
}
