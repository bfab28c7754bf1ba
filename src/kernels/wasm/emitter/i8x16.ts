/** Instructions on sixteen lanes of 8 bits (see v128.ts). */
import { asI32, type I32, laneOperation, Operation, SIMD, type V128 } from "./expression.ts";
import { binary, unary } from "./lanes.ts";

export const splat = (a: I32 | number) => new Operation("v128", SIMD + 15, asI32(a));
/** The elements of `size` bytes that `elements` names, of the concatenation of a and b: shuffle with bytes written out. */
export function shuffleElements(size: 2 | 4, a: V128, b: V128, elements: readonly number[]): V128 {
  const lanes = elements.flatMap((element) => Array.from({ length: size }, (_, i) => element * size + i));
  return laneOperation("v128", SIMD + 13, lanes, a, b);
}
export const abs = unary(96);
export const narrow_i16x8_u = binary(102);
