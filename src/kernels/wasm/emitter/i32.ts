/**
 * Instructions on i32 under their names in the specification: i32.add(a, b), i32.load16_u(address, offset). One file a type, imported as a namespace
 * (`import * as i32 from "./emitter/i32.ts"`), so that bundlers drop the instructions that no kernel uses.
 * Numbers stand for constants of the instruction's own type. Addresses are i32 byte addresses; `offset` is a constant added to them for free.
 * Source: WebAssembly core specification, appendix "Index of Instructions". Only what kernels and their tests use is here.
 */
import type { Local } from "./call.ts";
import { asF32, asI32, type F32, type I32, type I64, Operation, scalarLoad } from "./expression.ts";

type I = I32 | number;

/* @__NO_SIDE_EFFECTS__ */
const binary = (opcode: number) => (a: I, b: I) => new Operation("i32", opcode, asI32(a), asI32(b));

export const load = scalarLoad("i32", 0x28, 2);
export const load8_s = scalarLoad("i32", 0x2c, 0);
export const load16_u = scalarLoad("i32", 0x2f, 1);
export const eqz = (a: I) => new Operation("i32", 0x45, asI32(a));
export const eq = binary(0x46);
export const ne = binary(0x47);
export const lt_s = binary(0x48);
export const lt_u = binary(0x49);
export const gt_s = binary(0x4a);
export const ge_s = binary(0x4e);
export const ge_u = binary(0x4f);
export const add = binary(0x6a);
export const sub = binary(0x6b);
export const mul = binary(0x6c);
export const div_s = binary(0x6d);
export const div_u = binary(0x6e);
export const rem_u = binary(0x70);
export const and = binary(0x71);
export const xor = binary(0x73);
export const shl = binary(0x74);
export const shr_s = binary(0x75);
export const shr_u = binary(0x76);
export const wrap_i64 = (a: I64) => new Operation("i32", 0xa7, a);
export const reinterpret_f32 = (a: F32 | number) => new Operation("i32", 0xbc, asF32(a));
/** Pages of 64 KiB that this instance knows its memory to have. */
export const memory_size = () => new Operation("i32", 0x3f, undefined, undefined, undefined, [0]);

/** condition ? whenTrue : whenFalse; both are computed. (For v128 use v128.bitselect.) */
export function select(whenTrue: I, whenFalse: I, condition: I): Operation<"i32"> {
  return new Operation("i32", 0x1b, asI32(whenTrue), asI32(whenFalse), asI32(condition));
}

/** A value that may be read twice. */
type Kept = Local<"i32"> | number;
/** The smaller and the larger of two, which the specification has for vectors only: selects. */
export const min_s = (a: Kept, b: Kept) => select(a, b, lt_s(a, b));
export const max_s = (a: Kept, b: Kept) => select(a, b, gt_s(a, b));

export { asI32 as const };
