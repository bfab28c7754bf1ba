/**
 * Scalar instructions under their names in the specification: i32.add(a, b), f32.sqrt(x), i32.load8_u(p, offset), f32.convert_i32_s(n).
 * Numbers stand for constants of the instruction's own type. Addresses are i32 byte addresses; `offset` is a constant added to them for free.
 * Source: WebAssembly core specification, appendix "Index of Instructions". Only what kernels use is here.
 */
import {
  asF32,
  asF64,
  asI32,
  asI64,
  Constant,
  type F32,
  type F64,
  type I32,
  type I64,
  MISC,
  memoryOperation,
  Operation,
} from "./expression.ts";

type I = I32 | number;
type F = F32 | number;
type L = I64 | bigint;
type D = F64 | number;

const i32Binary = (opcode: number) => (a: I, b: I) =>
  new Operation("i32", opcode, typeof a === "number" ? asI32(a) : a, typeof b === "number" ? asI32(b) : b);
const f32Binary = (opcode: number) => (a: F, b: F) => new Operation("f32", opcode, asF32(a), asF32(b));
const f32Unary = (opcode: number) => (a: F) => new Operation("f32", opcode, asF32(a));
const f32Compare = (opcode: number) => (a: F, b: F) => new Operation("i32", opcode, asF32(a), asF32(b));
const i64Binary = (opcode: number) => (a: L, b: L) => new Operation("i64", opcode, asI64(a), asI64(b));
const f64Binary = (opcode: number) => (a: D, b: D) => new Operation("f64", opcode, asF64(a), asF64(b));
const f64Compare = (opcode: number) => (a: D, b: D) => new Operation("i32", opcode, asF64(a), asF64(b));
const load =
  <T extends "i32" | "i64" | "f32" | "f64">(type: T, opcode: number, align: number) =>
  (address: I, offset = 0) =>
    memoryOperation(type, opcode, align, offset, asI32(address));

export const i32 = {
  const: (value: number) => new Constant("i32", value),
  load: load("i32", 0x28, 2),
  load8_s: load("i32", 0x2c, 0),
  load8_u: load("i32", 0x2d, 0),
  load16_s: load("i32", 0x2e, 1),
  load16_u: load("i32", 0x2f, 1),
  eqz: (a: I) => new Operation("i32", 0x45, asI32(a)),
  eq: i32Binary(0x46),
  ne: i32Binary(0x47),
  lt_s: i32Binary(0x48),
  lt_u: i32Binary(0x49),
  gt_s: i32Binary(0x4a),
  gt_u: i32Binary(0x4b),
  le_s: i32Binary(0x4c),
  le_u: i32Binary(0x4d),
  ge_s: i32Binary(0x4e),
  ge_u: i32Binary(0x4f),
  add: i32Binary(0x6a),
  sub: i32Binary(0x6b),
  mul: i32Binary(0x6c),
  div_s: i32Binary(0x6d),
  div_u: i32Binary(0x6e),
  rem_s: i32Binary(0x6f),
  rem_u: i32Binary(0x70),
  and: i32Binary(0x71),
  or: i32Binary(0x72),
  xor: i32Binary(0x73),
  shl: i32Binary(0x74),
  shr_s: i32Binary(0x75),
  shr_u: i32Binary(0x76),
  wrap_i64: (a: L) => new Operation("i32", 0xa7, asI64(a)),
  trunc_sat_f64_s: (a: D) => new Operation("i32", MISC + 2, asF64(a)),
  reinterpret_f32: (a: F) => new Operation("i32", 0xbc, asF32(a)),
  /** Pages of 64 KiB that this instance knows its memory to have. */
  memory_size: () => new Operation("i32", 0x3f, undefined, undefined, undefined, [0]),
};

export const i64 = {
  const: (value: bigint) => new Constant("i64", value),
  load: load("i64", 0x29, 3),
  add: i64Binary(0x7c),
  sub: i64Binary(0x7d),
  mul: i64Binary(0x7e),
  and: i64Binary(0x83),
  or: i64Binary(0x84),
  shl: i64Binary(0x86),
  shr_s: i64Binary(0x87),
  shr_u: i64Binary(0x88),
  extend_i32_s: (a: I) => new Operation("i64", 0xac, asI32(a)),
  eq: (a: L, b: L) => new Operation("i32", 0x51, asI64(a), asI64(b)),
  trunc_sat_f64_s: (a: D) => new Operation("i64", MISC + 6, asF64(a)),
};

export const f32 = {
  const: (value: number) => new Constant("f32", value),
  load: load("f32", 0x2a, 2),
  eq: f32Compare(0x5b),
  ne: f32Compare(0x5c),
  lt: f32Compare(0x5d),
  gt: f32Compare(0x5e),
  le: f32Compare(0x5f),
  ge: f32Compare(0x60),
  abs: f32Unary(0x8b),
  neg: f32Unary(0x8c),
  ceil: f32Unary(0x8d),
  floor: f32Unary(0x8e),
  nearest: f32Unary(0x90),
  sqrt: f32Unary(0x91),
  add: f32Binary(0x92),
  sub: f32Binary(0x93),
  mul: f32Binary(0x94),
  div: f32Binary(0x95),
  min: f32Binary(0x96),
  max: f32Binary(0x97),
  copysign: f32Binary(0x98),
  convert_i32_s: (a: I) => new Operation("f32", 0xb2, asI32(a)),
  demote_f64: (a: D) => new Operation("f32", 0xb6, asF64(a)),
  reinterpret_i32: (a: I) => new Operation("f32", 0xbe, asI32(a)),
};

export const f64 = {
  const: (value: number) => new Constant("f64", value),
  load: load("f64", 0x2b, 3),
  lt: f64Compare(0x63),
  gt: f64Compare(0x64),
  sqrt: (a: D) => new Operation("f64", 0x9f, asF64(a)),
  nearest: (a: D) => new Operation("f64", 0x9e, asF64(a)),
  abs: (a: D) => new Operation("f64", 0x99, asF64(a)),
  add: f64Binary(0xa0),
  sub: f64Binary(0xa1),
  mul: f64Binary(0xa2),
  div: f64Binary(0xa3),
  min: f64Binary(0xa4),
  max: f64Binary(0xa5),
  convert_i32_s: (a: I) => new Operation("f64", 0xb7, asI32(a)),
  promote_f32: (a: F) => new Operation("f64", 0xbb, asF32(a)),
};

/** condition ? whenTrue : whenFalse; both are computed. (For v128 use v128.bitselect.) */
export function select(whenTrue: I, whenFalse: I, condition: I): Operation<"i32"> {
  return new Operation("i32", 0x1b, asI32(whenTrue), asI32(whenFalse), asI32(condition));
}
