/**
 * The body of one WebAssembly function: locals and statements. Expressions come from the files of the types (i32.ts, f32x4.ts, ...) and atomic.ts; statements are methods here.
 *
 *     // out[i] = a * x[i] + out[i] for i < n, n a multiple of 4
 *     module.function("axpy", { i32: 3, f32: 1 }, (f, out, x, n, a) => {
 *       const scale = f.v128(f32x4.splat(a));                                          // a typed local with its first value
 *       f.repeat(n, 4, (i) => {                                                        // stays a loop: i = 0, 4, 8, ... < n
 *         const at = f.i32(i32.shl(i, 2));
 *         const sum = f32x4.add(f32x4.mul(scale, v128.load(i32.add(x, at))), v128.load(i32.add(out, at)));
 *         f.storeV128(i32.add(out, at), sum);                                          // an expression is spent by the statement that takes it
 *       });
 *     });
 *
 * Conventions: addresses are i32 byte addresses and come as arguments; strides and sizes are counts of elements unless the name says bytes;
 * a TypeScript `for` unrolls, `f.repeat` and `f.while` stay loops; a local is a WebAssembly local for the whole function, and a loop body sets its own afresh.
 */
import type { Bytes } from "./bytes.ts";
import { type Argument, argumentsFor, type Callable, Local } from "./call.ts";
import {
  asF32,
  asI32,
  type Code,
  type Expression,
  type F32,
  type I32,
  MISC,
  SIMD,
  type V128,
  type ValueType,
  writeOpcode,
} from "./expression.ts";
import * as i32 from "./i32.ts";

/** A block or loop that `f.br` can jump to: to the end of a block, to the start of a loop. */
export interface Label {
  readonly depth: number;
}

type I = I32 | number;

export class FunctionBuilder implements Code {
  readonly bytes: Bytes;
  private readonly declared: ValueType[] = [];
  private readonly paramCount: number;
  private depth = 0;

  constructor(bytes: Bytes, paramCount: number) {
    this.bytes = bytes;
    this.paramCount = paramCount;
  }

  /** Types of the locals after the parameters, in order. */
  get locals(): readonly ValueType[] {
    return this.declared;
  }

  /** A new local; without a first value it is whatever an earlier turn of the loop left, or zero. */
  local<T extends ValueType>(type: T, value?: Expression<T>): Local<T> {
    const local = new Local(this, type, this.paramCount + this.declared.length);
    this.declared.push(type);
    if (value !== undefined) local.set(value);
    return local;
  }

  /** The i-th parameter as a local. */
  parameter<T extends ValueType>(type: T, i: number): Local<T> {
    return new Local(this, type, i);
  }

  i32(value?: I): Local<"i32"> {
    return this.local("i32", value === undefined ? undefined : asI32(value));
  }

  f32(value?: F32 | number): Local<"f32"> {
    return this.local("f32", value === undefined ? undefined : asF32(value));
  }

  v128(value?: V128): Local<"v128"> {
    return this.local("v128", value);
  }

  storeV128(address: I, value: V128, offset = 0): void {
    this.store(SIMD + 11, 4, address, value, offset);
  }

  /** Stores one 32-bit lane. */
  storeLane32(address: I, value: V128, lane: number, offset = 0): void {
    this.store(SIMD + 90, 2, address, value, offset);
    this.bytes.u8(lane);
  }

  storeF32(address: I, value: F32 | number, offset = 0): void {
    this.store(0x38, 2, address, asF32(value), offset);
  }

  storeI32(address: I, value: I, offset = 0): void {
    this.store(0x36, 2, address, asI32(value), offset);
  }

  storeI16(address: I, value: I, offset = 0): void {
    this.store(0x3b, 1, address, asI32(value), offset);
  }

  storeI8(address: I, value: I, offset = 0): void {
    this.store(0x3a, 0, address, asI32(value), offset);
  }

  memoryCopy(target: I, source: I, byteCount: I): void {
    for (const value of [target, source, byteCount]) asI32(value).write(this);
    writeOpcode(this.bytes, MISC + 10);
    this.bytes.u8(0);
    this.bytes.u8(0);
  }

  memoryFill(target: I, byteValue: I, byteCount: I): void {
    for (const value of [target, byteValue, byteCount]) asI32(value).write(this);
    writeOpcode(this.bytes, MISC + 11);
    this.bytes.u8(0);
  }

  /** Computes a value for its effect only (an atomic, a call with a result). */
  drop(value: Expression): void {
    value.write(this);
    this.bytes.u8(0x1a);
  }

  /** Calls a function that has no result. */
  call(callee: Callable, ...args: Argument[]): void {
    if (callee.result !== undefined) throw new Error(`wasm emitter: ${callee.name} has a result; use drop(call(...)) or the value`);
    for (const argument of argumentsFor(callee, args)) argument.write(this);
    this.bytes.u8(0x10);
    this.bytes.u32(callee.index);
  }

  return(value?: Expression): void {
    value?.write(this);
    this.bytes.u8(0x0f);
  }

  if(condition: I32, then: () => void, otherwise?: () => void): void {
    condition.write(this);
    this.nest(0x04, () => {
      then();
      if (otherwise === undefined) return;
      this.bytes.u8(0x05);
      otherwise();
    });
  }

  block(body: (end: Label) => void): void {
    this.nest(0x02, body);
  }

  loop(body: (start: Label) => void): void {
    this.nest(0x03, body);
  }

  br(label: Label): void {
    this.bytes.u8(0x0c);
    this.bytes.u32(this.depth - label.depth);
  }

  brIf(label: Label, condition: I32): void {
    condition.write(this);
    this.bytes.u8(0x0d);
    this.bytes.u32(this.depth - label.depth);
  }

  /** Runs the body while the condition holds; the condition is built anew where it is tested (once before, once at the end). */
  while(condition: () => I32, body: () => void): void {
    this.if(condition(), () => this.doWhile(body, condition));
  }

  /** Runs the body once, and again while the condition holds: the tightest loop. */
  doWhile(body: () => void, condition: () => I32): void {
    this.loop((start) => {
      body();
      this.brIf(start, condition());
    });
  }

  /** Counts i = 0, step, 2 step, ... while i < count (signed). */
  repeat(count: I, step: number, body: (i: Local<"i32">) => void): void {
    const end = typeof count === "number" || count instanceof Local ? count : this.i32(count);
    const i = this.i32(0);
    this.while(
      () => i32.lt_s(i, end),
      () => {
        body(i);
        i.add(step);
      },
    );
  }

  private store(opcode: number, align: number, address: I, value: Expression, offset: number): void {
    asI32(address).write(this);
    value.write(this);
    writeOpcode(this.bytes, opcode);
    this.bytes.u32(align);
    this.bytes.u32(offset);
  }

  private nest(opcode: number, body: (label: Label) => void): void {
    this.bytes.u8(opcode);
    this.bytes.u8(0x40);
    this.depth++;
    body({ depth: this.depth });
    this.depth--;
    this.bytes.u8(0x0b);
  }
}
