/** Instructions on i64 (see i32.ts). */
import type { Bytes } from "./bytes.ts";
import { asF64, asI32, Constant, type F64, type I32, type I64, MISC, Operation } from "./expression.ts";

type L = I64 | bigint;

/* @__NO_SIDE_EFFECTS__ */
const binary = (opcode: number) => (a: L, b: L) => new Operation("i64", opcode, asI64(a), asI64(b));

/** Signed LEB128 of a 64-bit integer. */
export function writeS64(bytes: Bytes, value: bigint): void {
  let rest = BigInt.asIntN(64, value);
  while (rest < -64n || rest > 63n) {
    bytes.u8(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.u8(Number(rest & 0x7fn));
}

const constant = (value: bigint) => new Constant("i64", 0x42, (bytes) => writeS64(bytes, value));

export function asI64(value: I64 | bigint): I64 {
  return typeof value === "bigint" ? constant(value) : value;
}

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
