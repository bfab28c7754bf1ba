/** Instructions on f64 (see i32.ts). */
import { asF32, asF64, asI32, Constant, type F32, type F64, type I32, Operation, scalarLoad } from "./expression.ts";

type D = F64 | number;

/* @__NO_SIDE_EFFECTS__ */
const binary = (opcode: number) => (a: D, b: D) => new Operation("f64", opcode, asF64(a), asF64(b));
/* @__NO_SIDE_EFFECTS__ */
const compare = (opcode: number) => (a: D, b: D) => new Operation("i32", opcode, asF64(a), asF64(b));

const constant = (value: number) => new Constant("f64", value);

export const load = scalarLoad("f64", 0x2b, 3);
export const lt = compare(0x63);
export const gt = compare(0x64);
export const sqrt = (a: D) => new Operation("f64", 0x9f, asF64(a));
export const nearest = (a: D) => new Operation("f64", 0x9e, asF64(a));
export const abs = (a: D) => new Operation("f64", 0x99, asF64(a));
export const add = binary(0xa0);
export const sub = binary(0xa1);
export const mul = binary(0xa2);
export const div = binary(0xa3);
export const min = binary(0xa4);
export const max = binary(0xa5);
export const convert_i32_s = (a: I32 | number) => new Operation("f64", 0xb7, asI32(a));
export const promote_f32 = (a: F32 | number) => new Operation("f64", 0xbb, asF32(a));

export { constant as const };
