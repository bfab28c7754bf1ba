/** Instructions on four lanes of 32 bits (see v128.ts). Shift counts are i32. */
import { asI32, type I32, laneOperation, Operation, SIMD, type V128 } from "./expression.ts";
import { binary, shift, ternary, unary, VectorConstant } from "./lanes.ts";

export const splat = (a: I32 | number) => new Operation("v128", SIMD + 17, asI32(a));

const constant = (a: number, b = a, c = a, d = a) => new VectorConstant("i32", [a, b, c, d]);
export const extract_lane = (a: V128, lane: number) => laneOperation("i32", SIMD + 27, [lane], a);
export const gt_s = binary(59);
export const extadd_pairwise_i16x8_u = unary(127);
export const extend_low_i16x8_s = unary(167);
export const shl = shift(171);
export const shr_s = shift(172);
export const shr_u = shift(173);
export const add = binary(174);
export const sub = binary(177);
export const mul = binary(181);
export const max_s = binary(184);
/** Products of neighbouring signed 16-bit lanes, added in pairs: exact except for (-32768)^2 twice. */
export const dot_i16x8_s = binary(186);
export const extadd_pairwise_i16x8_s = unary(126);
/** a (int8) times b, four neighbours added to c. Exact for 0 <= b < 128; how else it reads b is up to the machine. */
export const relaxed_dot_i8x16_i7x16_add_s = ternary(0x113);

export { constant as const };
