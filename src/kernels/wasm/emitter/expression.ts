/**
 * Expressions: typed trees of WebAssembly instructions that have not been written yet.
 * The type parameter is the WebAssembly value type, so that `f32x4.add(pointer, x)` does not compile.
 * A tree is written when a statement of a FunctionBuilder (emitter/function.ts) takes it, operands first, as the stack machine wants.
 * An expression is spent once: passing the same tree twice would compute it twice, so it throws. Keep values in locals; a Local may be read any number of times.
 */
import type { Bytes } from "./bytes.ts";

export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128";

/** Where instructions go: the body of one function. */
export interface Code {
  readonly bytes: Bytes;
}

export abstract class Expression<T extends ValueType = ValueType> {
  readonly type: T;
  private spent: boolean;

  constructor(type: T) {
    this.type = type;
    this.spent = false;
  }

  /** Writes the instructions that leave this value on the stack. */
  write(code: Code): void {
    if (this.spent) throw new Error("wasm emitter: this expression was spent already; keep its value in a local (f.i32(x), f.v128(x))");
    this.spent = true;
    this.emit(code);
  }

  protected abstract emit(code: Code): void;
}

export type I32 = Expression<"i32">;
export type I64 = Expression<"i64">;
export type F32 = Expression<"f32">;
export type F64 = Expression<"f64">;
export type V128 = Expression<"v128">;

/** SIMD opcodes are written after the prefix 0xfd, atomics after 0xfe, bulk memory and saturating conversions after 0xfc: here as prefix * 65536 + opcode. */
export const SIMD = 0xfd0000;
export const ATOMIC = 0xfe0000;
export const MISC = 0xfc0000;

export function writeOpcode(bytes: Bytes, opcode: number): void {
  if (opcode < 0x100) {
    bytes.u8(opcode);
  } else {
    bytes.u8(opcode >>> 16);
    bytes.u32(opcode & 0xffff);
  }
}

/** An instruction of up to three operands. What follows its opcode, if anything, are small numbers: alignment and offset of a memory access, lanes. */
export class Operation<T extends ValueType> extends Expression<T> {
  private readonly opcode: number;
  private readonly a: Expression | undefined;
  private readonly b: Expression | undefined;
  private readonly c: Expression | undefined;
  private readonly immediates: readonly number[] | undefined;

  constructor(type: T, opcode: number, a?: Expression, b?: Expression, c?: Expression, immediates?: readonly number[]) {
    super(type);
    this.opcode = opcode;
    this.a = a;
    this.b = b;
    this.c = c;
    this.immediates = immediates;
  }

  protected emit(code: Code): void {
    const { a, b, c, opcode, immediates } = this;
    const { bytes } = code;
    if (a !== undefined) a.write(code);
    if (b !== undefined) b.write(code);
    if (c !== undefined) c.write(code);
    if (opcode < 0x100) {
      bytes.u8(opcode);
    } else {
      bytes.u8(opcode >>> 16);
      bytes.u32(opcode & 0xffff);
    }
    if (immediates !== undefined) for (let i = 0; i < immediates.length; i++) bytes.u32(immediates[i]!);
  }
}

/** A memory access: alignment hint as a power of two, constant byte offset. */
export function memoryOperation<T extends ValueType>(
  type: T,
  opcode: number,
  align: number,
  offset: number,
  address: Expression,
  value?: Expression,
  expected?: Expression,
): Operation<T> {
  return new Operation(type, opcode, address, value, expected, [align, offset]);
}

/** The loads of a scalar type. */
/* @__NO_SIDE_EFFECTS__ */
export const scalarLoad =
  <T extends "i32" | "i64" | "f32" | "f64">(type: T, opcode: number, align: number) =>
  (address: I32 | number, offset = 0): Operation<T> =>
    memoryOperation(type, opcode, align, offset, asI32(address));

/** A lane index, or the sixteen of a shuffle, after the opcode. */
export function laneOperation<T extends ValueType>(
  type: T,
  opcode: number,
  lanes: readonly number[],
  a: Expression,
  b?: Expression,
): Operation<T> {
  return new Operation(type, opcode, a, b, undefined, lanes);
}

/** A literal: its opcode, and what writes the value behind it. */
export class Constant<T extends ValueType> extends Expression<T> {
  private readonly opcode: number;
  private readonly writeValue: (bytes: Bytes) => void;

  constructor(type: T, opcode: number, writeValue: (bytes: Bytes) => void) {
    super(type);
    this.opcode = opcode;
    this.writeValue = writeValue;
  }

  protected emit({ bytes }: Code): void {
    bytes.u8(this.opcode);
    this.writeValue(bytes);
  }
}

/** An operand: an expression, or a number that becomes a constant. */
export function asI32(value: I32 | number): I32 {
  return typeof value === "number" ? new Constant("i32", 0x41, (bytes) => bytes.s32(value)) : value;
}

export function asF32(value: F32 | number): F32 {
  return typeof value === "number" ? new Constant("f32", 0x43, (bytes) => bytes.f32(value)) : value;
}

export function asF64(value: F64 | number): F64 {
  return typeof value === "number" ? new Constant("f64", 0x44, (bytes) => bytes.f64(value)) : value;
}
