/**
 * A feature level: what the running engine's SIMD can do, as far as it changes results or the best tile.
 * Kernels are emitted for one level. `fma` changes bits (one rounding instead of two); `wide` (V8's revectorisation pairs neighbouring 128-bit operations) and `dot8` change only speed.
 * How a kernel file uses it: `export function defineSoftmax(module: ModuleBuilder, level: FeatureLevel): void { module.function("softmax", ...) }`, listed in kernels.ts or all-kernels.ts.
 */
import type { V128 } from "./emitter/expression.ts";
import * as f32x4 from "./emitter/f32x4.ts";

export type Dot8 = "signed" | "unsigned";

export interface FeatureLevel {
  /** Relaxed SIMD's multiply-add, measured to be fused. */
  readonly fma: boolean;
  /** Pairs of 128-bit operations become 256-bit ones. */
  readonly wide: boolean;
  /** Relaxed SIMD's dot product multiplies int8 exactly by all bytes, read as signed or unsigned: a faster inner loop for W8A16 with the same integers. */
  readonly dot8?: Dot8 | undefined;
}

export const baseline: FeatureLevel = { fma: false, wide: false };

/** a * b + c with the rounding of the level: every kernel that multiplies and adds goes through here. */
export function multiplyAdd(level: FeatureLevel, a: V128, b: V128, c: V128): V128 {
  return level.fma ? f32x4.relaxed_madd(a, b, c) : f32x4.add(f32x4.mul(a, b), c);
}

/** c - a * b. */
export function multiplySubtract(level: FeatureLevel, a: V128, b: V128, c: V128): V128 {
  return level.fma ? f32x4.relaxed_nmadd(a, b, c) : f32x4.sub(c, f32x4.mul(a, b));
}
