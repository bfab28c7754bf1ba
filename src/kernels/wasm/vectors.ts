/**
 * Several vectors that take the same steps side by side: each step is written for all of them before the next.
 * V8 has sixteen registers and fetches a constant that does not fit anew at each use: so it is fetched once for all of them, and their chains of dependent
 * steps overlap. Neighbours stay neighbours, the form that revectorisation pairs.
 */
import type { Local } from "./emitter/call.ts";
import type { V128 } from "./emitter/expression.ts";
import * as f32x4 from "./emitter/f32x4.ts";
import type { FunctionBuilder } from "./emitter/function.ts";
import * as i32x4 from "./emitter/i32x4.ts";
import { type FeatureLevel, multiplyAdd, multiplySubtract } from "./level.ts";

export type Vectors = readonly Local<"v128">[];
/** One vector is an operand of every step: a constant. */
type Operand = Vectors | Local<"v128">;

export class VectorSteps {
  private readonly f: FunctionBuilder;
  private readonly level: FeatureLevel;

  constructor(f: FunctionBuilder, level: FeatureLevel) {
    this.f = f;
    this.level = level;
  }

  /** The number in all lanes. It lives in a local: V8 pairs two operations only if they share one value, and would build a literal anew at each use. */
  constant(value: number): Local<"v128"> {
    return this.f.v128(f32x4.const(value));
  }

  /** The bits in all lanes. */
  mask(bits: number): Local<"v128"> {
    return this.f.v128(i32x4.const(bits));
  }

  splat(value: Local<"f32">): Local<"v128"> {
    return this.f.v128(f32x4.splat(value));
  }

  /** One step: an operation of vectors i, for all i. */
  each(step: (...operands: Local<"v128">[]) => V128, ...operands: Operand[]): Vectors {
    const count = operands.find((operand) => Array.isArray(operand))!.length as number;
    return Array.from({ length: count }, (_, i) =>
      this.f.v128(step(...operands.map((operand) => (Array.isArray(operand) ? operand[i] : operand) as Local<"v128">))),
    );
  }
  add(a: Operand, b: Operand): Vectors {
    return this.each(f32x4.add, a, b);
  }
  sub(a: Operand, b: Operand): Vectors {
    return this.each(f32x4.sub, a, b);
  }
  mul(a: Operand, b: Operand): Vectors {
    return this.each(f32x4.mul, a, b);
  }
  div(a: Operand, b: Operand): Vectors {
    return this.each(f32x4.div, a, b);
  }
  /** a b + c */
  multiplyAdd(a: Operand, b: Operand, c: Operand): Vectors {
    return this.each((a, b, c) => multiplyAdd(this.level, a!, b!, c!), a, b, c);
  }
  /** c - a b */
  multiplySubtract(a: Operand, b: Operand, c: Operand): Vectors {
    return this.each((a, b, c) => multiplySubtract(this.level, a!, b!, c!), a, b, c);
  }
}
