/**
 * Instructions on all 128 bits under their names in the specification, and loads (see i32.ts). A v128 has no lane type of its own; the instruction gives it one:
 * i8x16.ts, i16x8.ts, i32x4.ts, f32x4.ts. Source: WebAssembly core specification 2.0 (SIMD) and the relaxed-SIMD proposal (now core 3.0).
 */
import { asI32, type I32, memoryOperation, SIMD, type V128 } from "./expression.ts";
import { binary, ternary, test, unary } from "./lanes.ts";

type I = I32 | number;

/* @__NO_SIDE_EFFECTS__ */
const vectorLoad =
  (opcode: number, align: number) =>
  (address: I, offset = 0) =>
    memoryOperation("v128", SIMD + opcode, align, offset, asI32(address));
/* @__NO_SIDE_EFFECTS__ */
const loadLane =
  (opcode: number, align: number) =>
  (address: I, vector: V128, lane: number, offset = 0) =>
    memoryOperation("v128", SIMD + opcode, align, offset, asI32(address), vector, undefined, lane);

export const load = vectorLoad(0, 4);
export const load8x8_s = vectorLoad(1, 3);
export const load8x8_u = vectorLoad(2, 3);
export const load16x4_s = vectorLoad(3, 3);
export const load16x4_u = vectorLoad(4, 3);
export const load8_splat = vectorLoad(7, 0);
export const load16_splat = vectorLoad(8, 1);
export const load32_splat = vectorLoad(9, 2);
export const load64_splat = vectorLoad(10, 3);
export const load32_zero = vectorLoad(92, 2);
export const load64_zero = vectorLoad(93, 3);
export const load8_lane = loadLane(84, 0);
export const load16_lane = loadLane(85, 1);
export const load32_lane = loadLane(86, 2);
export const load64_lane = loadLane(87, 3);
export const not = unary(77);
export const and = binary(78);
export const andnot = binary(79);
export const or = binary(80);
export const xor = binary(81);
/** Bits of a where mask is 1, of b where it is 0. */
export const bitselect = ternary(82);
export const any_true = test(83);
