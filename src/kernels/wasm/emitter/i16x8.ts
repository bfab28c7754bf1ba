/** Instructions on eight lanes of 16 bits (see v128.ts). Shift counts are i32. */
import { asI32, type I32, Operation, SIMD } from "./expression.ts";
import { binary, shift, unary } from "./lanes.ts";

export const splat = (a: I32 | number) => new Operation("v128", SIMD + 16, asI32(a));
export const extadd_pairwise_i8x16_s = unary(124);
export const extadd_pairwise_i8x16_u = unary(125);
export const narrow_i32x4_s = binary(133);
export const extend_low_i8x16_s = unary(135);
export const extend_high_i8x16_s = unary(136);
export const shr_u = shift(141);
