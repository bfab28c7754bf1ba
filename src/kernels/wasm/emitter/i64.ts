/** Instructions on i64 (see i32.ts). */
import { asF64, asI32, asI64, Constant, type F64, type I32, type I64, MISC, Operation } from "./expression.ts";

type L = I64 | bigint;

/* @__NO_SIDE_EFFECTS__ */
const binary = (opcode: number) => (a: L, b: L) => new Operation("i64", opcode, asI64(a), asI64(b));

const constant = (value: bigint) => new Constant("i64", value);

export const add = binary(0x7c);
export const mul = binary(0x7e);
export const or = binary(0x84);
export const shl = binary(0x86);
export const shr_s = binary(0x87);
export const shr_u = binary(0x88);
export const extend_i32_s = (a: I32 | number) => new Operation("i64", 0xac, asI32(a));
export const eq = (a: L, b: L) => new Operation("i32", 0x51, asI64(a), asI64(b));
export const trunc_sat_f64_s = (a: F64 | number) => new Operation("i64", MISC + 6, asF64(a));

export { constant as const };
