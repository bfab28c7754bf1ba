/** Instructions on f64 (see i32.ts). */
import { asF32, asF64, type F32, type F64, Operation, scalarLoad } from "./expression.ts";

type D = F64 | number;

/* @__NO_SIDE_EFFECTS__ */
const binary = (opcode: number) => (a: D, b: D) => new Operation("f64", opcode, asF64(a), asF64(b));
/* @__NO_SIDE_EFFECTS__ */
const compare = (opcode: number) => (a: D, b: D) => new Operation("i32", opcode, asF64(a), asF64(b));

export const load = scalarLoad("f64", 0x2b, 3);
export const gt = compare(0x64);
export const sqrt = (a: D) => new Operation("f64", 0x9f, asF64(a));
export const add = binary(0xa0);
export const div = binary(0xa3);
export const promote_f32 = (a: F32 | number) => new Operation("f64", 0xbb, asF32(a));
