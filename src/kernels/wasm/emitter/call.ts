/**
 * Locals and calls: the expressions that belong to a function rather than to an instruction.
 * A Local may be read any number of times; everything else is spent once (emitter/expression.ts).
 */
import type { Bytes } from "./bytes.ts";
import { asF32, asI32, type Code, Expression, type I32, Operation, type ValueType } from "./expression.ts";

/** A function that calls can name: its index in the module and its signature. */
export interface Callable {
  readonly name: string;
  readonly index: number;
  readonly params: readonly ValueType[];
  readonly result: ValueType | undefined;
}

/** A variable of the function: reads are expressions, `set` writes. */
export class Local<T extends ValueType> extends Expression<T> {
  private readonly body: Code;
  private readonly index: number;

  constructor(body: Code, type: T, index: number) {
    super(type);
    this.body = body;
    this.index = index;
  }

  /** Reading does not spend: a local is a value that was kept. */
  override write(code: Code): void {
    if (code !== this.body) throw new Error("wasm emitter: a local belongs to another function; pass its value as an argument");
    this.emit(code);
  }

  protected emit({ bytes }: Code): void {
    bytes.u8(0x20);
    bytes.u32(this.index);
  }

  set(value: Expression<T>): void {
    value.write(this.body);
    this.body.bytes.u8(0x21);
    this.body.bytes.u32(this.index);
  }

  /** Adds to an i32: a pointer goes on, a counter counts. */
  add(this: Local<"i32">, value: I32 | number): void {
    this.set(new Operation("i32", 0x6a, this, asI32(value)));
  }
}

class Call<T extends ValueType> extends Expression<T> {
  private readonly operands: readonly Expression[];
  private readonly instruction: (bytes: Bytes) => void;

  constructor(type: T, args: readonly Expression[], write: (bytes: Bytes) => void) {
    super(type);
    this.operands = args;
    this.instruction = write;
  }

  protected emit(code: Code): void {
    for (const argument of this.operands) argument.write(code);
    this.instruction(code.bytes);
  }
}

/** What a call takes: expressions, or numbers as constants of the parameter's type. */
export type Argument = Expression | number;

export function argumentsFor(callee: Callable, args: readonly Argument[]): Expression[] {
  if (args.length !== callee.params.length)
    throw new Error(`wasm emitter: ${callee.name} takes ${callee.params.length} arguments, got ${args.length}`);
  return args.map((argument, i) => {
    const type = callee.params[i]!;
    const value = typeof argument === "number" ? (type === "f32" ? asF32(argument) : asI32(argument)) : argument;
    if (value.type !== type) throw new Error(`wasm emitter: argument ${i} of ${callee.name} is ${type}, got ${value.type}`);
    return value;
  });
}

/** The value of a call of a function that has a result of the given type. */
export function call<T extends ValueType>(type: T, callee: Callable, ...args: Argument[]): Expression<T> {
  if (callee.result !== type) throw new Error(`wasm emitter: ${callee.name} gives ${callee.result ?? "nothing"}, not ${type}`);
  return new Call(type, argumentsFor(callee, args), (bytes) => {
    bytes.u8(0x10);
    bytes.u32(callee.index);
  });
}
