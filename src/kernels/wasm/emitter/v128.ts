/**
 * Instructions on all 128 bits under their names in the specification, and loads (see i32.ts). A v128 has no lane type of its own; the instruction gives it one:
 * i8x16.ts, i16x8.ts, i32x4.ts, f32x4.ts. Source: WebAssembly core specification 2.0 (SIMD) and the relaxed-SIMD proposal (now core 3.0).
 */
import { asI32, type I32, memoryOperation, SIMD } from "./expression.ts";
import { binary, ternary } from "./lanes.ts";

/* @__NO_SIDE_EFFECTS__ */
const vectorLoad =
  (opcode: number, align: number) =>
  (address: I32 | number, offset = 0) =>
    memoryOperation("v128", SIMD + opcode, align, offset, asI32(address));

export const load = vectorLoad(0, 4);
export const load8x8_s = vectorLoad(1, 3);
export const load16x4_u = vectorLoad(4, 3);
export const load32_splat = vectorLoad(9, 2);
export const load32_zero = vectorLoad(92, 2);
export const and = binary(78);
export const andnot = binary(79);
export const or = binary(80);
export const xor = binary(81);
/** Bits of a where mask is 1, of b where it is 0. */
export const bitselect = ternary(82);
