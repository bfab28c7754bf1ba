/**
 * Activations to int16, one scale a row (the "activations" line of tensor/w8.ts, to the bit):
 *
 *     rowScale = absmax / A,    q[k] = roundHalfEven(x[k] * f32(A / absmax)),    |q| <= A <= 32767
 *
 * The largest magnitude is found on the bits (they order like the magnitudes, NaN above infinity). A row whose A / absmax overflows is all zeros with scale 0;
 * a row with NaN or infinity is all zeros with that as its scale, so that the whole output row becomes NaN, as 0 * NaN does.
 * A row of q is int16[K]; at a level with dot8 it is the digits of q + 32768 instead: high[qStride], low[qStride], bytes, less 128 where dot8
 * is signed (gemm-w8-loops.ts).
 * Rounding: adding 1.5 * 2^23 leaves the nearest integer, ties to even, in the low bits of the sum.
 */
import type { Local } from "./emitter/call.ts";
import type { I32, V128 } from "./emitter/expression.ts";
import * as f32 from "./emitter/f32.ts";
import * as f32x4 from "./emitter/f32x4.ts";
import type { FunctionBuilder } from "./emitter/function.ts";
import * as i8x16 from "./emitter/i8x16.ts";
import * as i16x8 from "./emitter/i16x8.ts";
import * as i32 from "./emitter/i32.ts";
import * as i32x4 from "./emitter/i32x4.ts";
import type { ModuleBuilder } from "./emitter/module.ts";
import * as v128 from "./emitter/v128.ts";
import type { Dot8, FeatureLevel } from "./level.ts";

const ROUNDER = 1.5 * 2 ** 23;
const ROUNDER_BITS = 0x4b400000;
const INFINITY_BITS = 0x7f800000;

/** quantizeRows(q, rowScale, x, M, K, qStride, xStride, limit): strides in elements; qStride a multiple of 4 and at least K. */
export function defineQuantizeRows(module: ModuleBuilder, { dot8 }: FeatureLevel): void {
  module.function("quantizeRows", { i32: 7, f32: 1 }, (f, q, rowScale, x, M, K, qStride, xStride, limit) => {
    const whole = f.i32(i32.and(K, -8));
    f.repeat(M, 1, () => {
      const absmax = f.f32(f32.reinterpret_i32(emitLargestMagnitude(f, x, K, whole)));
      const inverse = f.f32(f32.div(limit, absmax));
      // 0 < inverse < infinity; false for NaN
      const usable = i32.and(f32.gt(inverse, 0), f32.lt(inverse, Number.POSITIVE_INFINITY));
      f.if(
        usable,
        () => {
          f.storeF32(rowScale, f32.div(absmax, limit));
          const scale = f.v128(f32x4.splat(inverse));
          const rounder = f.v128(f32x4.const(ROUNDER));
          const rounderBits = f.v128(i32x4.const(ROUNDER_BITS));
          const quantize = (at: I32, offset: number) => i32x4.sub(f32x4.add(f32x4.mul(v128.load(at, offset), scale), rounder), rounderBits);
          const eight = (at: I32, offset: number) => i16x8.narrow_i32x4_s(quantize(at, offset), quantize(at, offset + 16));
          const one = (k: I32) => {
            const sum = f32.add(f32.mul(f32.load(i32.add(x, i32.shl(k, 2))), inverse), ROUNDER);
            return i32.sub(i32.reinterpret_f32(sum), ROUNDER_BITS);
          };
          if (dot8) emitDigits(f, dot8, { q, low: i32.add(q, qStride), x, K, eight, one });
          else {
            f.repeat(whole, 8, (k) => f.storeV128(i32.add(q, i32.shl(k, 1)), eight(f.i32(i32.add(x, i32.shl(k, 2))), 0)));
            emitTail(f, K, whole, (k) => f.storeI16(i32.add(q, i32.shl(k(), 1)), one(k())));
          }
        },
        () => {
          f.if(
            i32.ge_s(i32.reinterpret_f32(absmax), INFINITY_BITS),
            () => f.storeF32(rowScale, absmax),
            () => f.storeF32(rowScale, 0),
          );
          if (dot8) f.memoryFill(q, dot8 === "unsigned" ? 128 : 0, K);
          f.memoryFill(dot8 ? i32.add(q, qStride) : q, dot8 === "signed" ? 128 : 0, dot8 ? K : i32.shl(K, 1));
        },
      );
      q.add(i32.shl(qStride, 1));
      x.add(i32.shl(xStride, 2));
      rowScale.add(4);
    });
  });
}

interface Digits {
  readonly q: Local<"i32">;
  readonly low: I32;
  readonly x: Local<"i32">;
  readonly K: Local<"i32">;
  /** Eight quantised values from an address on; one, of index k. */
  readonly eight: (at: I32, offset: number) => V128;
  readonly one: (k: I32) => I32;
}

/** q + 32768 is the bits of q with the sign flipped: its high byte and its low byte go to two planes. Flipping a byte's sign takes 128 from it. */
function emitDigits(f: FunctionBuilder, kind: Dot8, { q, low, x, K, eight, one }: Digits): void {
  const lowPlane = f.i32(low);
  const whole = f.i32(i32.and(K, -16));
  const flip = kind === "signed" ? 0x80 : 0;
  const flips = f.v128(i8x16.splat(flip));
  const sign = f.v128(i16x8.splat(0x8000));
  const lowByte = f.v128(i16x8.splat(0xff));
  f.repeat(whole, 16, (k) => {
    const at = f.i32(i32.add(x, i32.shl(k, 2)));
    const a = f.v128(v128.xor(eight(at, 0), sign));
    const b = f.v128(v128.xor(eight(at, 32), sign));
    f.storeV128(i32.add(q, k), v128.xor(i8x16.narrow_i16x8_u(i16x8.shr_u(a, 8), i16x8.shr_u(b, 8)), flips));
    f.storeV128(i32.add(lowPlane, k), v128.xor(i8x16.narrow_i16x8_u(v128.and(a, lowByte), v128.and(b, lowByte)), flips));
  });
  emitTail(f, K, whole, (k) => {
    const shifted = f.i32(i32.add(one(k()), 0x8000));
    f.storeI8(i32.add(q, k()), i32.xor(i32.shr_u(shifted, 8), flip));
    f.storeI8(i32.add(lowPlane, k()), i32.xor(shifted, flip));
  });
}

/** k = whole, whole + 1, ... < K. */
function emitTail(f: FunctionBuilder, K: I32, whole: I32, body: (k: () => I32) => void): void {
  const k = f.i32(whole);
  f.while(
    () => i32.lt_s(k, K),
    () => {
      body(() => k);
      k.add(1);
    },
  );
}

/** The bits of max |x[k]|. */
function emitLargestMagnitude(f: FunctionBuilder, x: I32, K: I32, whole: I32): I32 {
  const magnitude = f.v128(i32x4.const(0x7fffffff));
  const a = f.v128(i32x4.const(0));
  const b = f.v128(i32x4.const(0));
  f.repeat(f.i32(whole), 8, (k) => {
    const from = f.i32(i32.add(x, i32.shl(k, 2)));
    a.set(i32x4.max_s(a, v128.and(v128.load(from), magnitude)));
    b.set(i32x4.max_s(b, v128.and(v128.load(from, 16), magnitude)));
  });
  emitTail(f, K, whole, (k) => a.set(i32x4.max_s(a, v128.and(v128.load32_zero(i32.add(x, i32.shl(k(), 2))), magnitude))));
  a.set(i32x4.max_s(a, b));
  const largest = f.i32(i32x4.extract_lane(a, 0));
  for (let lane = 1; lane < 4; lane++) {
    const value = f.i32(i32x4.extract_lane(a, lane));
    f.if(i32.gt_s(value, largest), () => largest.set(value));
  }
  return largest;
}
