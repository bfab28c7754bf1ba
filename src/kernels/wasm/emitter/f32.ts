/** Instructions on f32 (see i32.ts). */
import { asF32, asF64, asI32, type F32, type F64, type I32, Operation, scalarLoad } from "./expression.ts";

type F = F32 | number;

/* @__NO_SIDE_EFFECTS__ */
const unary = (opcode: number) => (a: F) => new Operation("f32", opcode, asF32(a));
/* @__NO_SIDE_EFFECTS__ */
const binary = (opcode: number) => (a: F, b: F) => new Operation("f32", opcode, asF32(a), asF32(b));
/* @__NO_SIDE_EFFECTS__ */
const compare = (opcode: number) => (a: F, b: F) => new Operation("i32", opcode, asF32(a), asF32(b));

export const load = scalarLoad("f32", 0x2a, 2);
export const lt = compare(0x5d);
export const gt = compare(0x5e);
export const sqrt = unary(0x91);
export const add = binary(0x92);
export const sub = binary(0x93);
export const mul = binary(0x94);
export const div = binary(0x95);
export const max = binary(0x97);
export const convert_i32_s = (a: I32 | number) => new Operation("f32", 0xb2, asI32(a));
export const demote_f64 = (a: F64 | number) => new Operation("f32", 0xb6, asF64(a));
export const reinterpret_i32 = (a: I32 | number) => new Operation("f32", 0xbe, asI32(a));

export { asF32 as const };
