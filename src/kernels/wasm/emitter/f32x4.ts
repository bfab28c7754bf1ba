/** Instructions on four f32 (see v128.ts). */
import { asF32, type F32, laneOperation, Operation, SIMD, type V128 } from "./expression.ts";
import { binary, ternary, unary, VectorConstant } from "./lanes.ts";

export const splat = (a: F32 | number) => new Operation("v128", SIMD + 19, asF32(a));

const constant = (a: number, b = a, c = a, d = a) => new VectorConstant("f32", [a, b, c, d]);
export const extract_lane = (a: V128, lane: number) => laneOperation("f32", SIMD + 31, [lane], a);
export const lt = binary(67);
export const abs = unary(224);
export const add = binary(228);
export const sub = binary(229);
export const mul = binary(230);
export const div = binary(231);
export const max = binary(233);
export const pmin = binary(234);
export const pmax = binary(235);
export const convert_i32x4_s = unary(250);
/** a * b + c, fused where the machine fuses. Only for feature levels with relaxed SIMD: kernels call `fma` of their level instead. */
export const relaxed_madd = ternary(0x105);
/** -(a * b) + c. */
export const relaxed_nmadd = ternary(0x106);

export { constant as const };
