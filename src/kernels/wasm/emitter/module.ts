/**
 * A WebAssembly module under construction: one imported memory, functions in the order they are defined, and perhaps a table of them (table.ts).
 * Source: WebAssembly core specification, section 5.5 (module sections and their order).
 * Functions are defined before they are called (there is no recursion among kernels), so that a call knows its index.
 */
import { Bytes } from "./bytes.ts";
import type { Callable, Local } from "./call.ts";
import type { ValueType } from "./expression.ts";
import { FunctionBuilder } from "./function.ts";

const typeCode: Readonly<Record<ValueType, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b };

/** How many parameters of each type a function has: all i32 come first, then all i64, f32 and v128. */
export interface Params {
  readonly i32?: number;
  readonly i64?: number;
  readonly f32?: number;
  readonly v128?: number;
}
const PARAM_ORDER = ["i32", "i64", "f32", "v128"] as const;

type Times<T extends ValueType, N, All extends Local<T>[] = []> = N extends number
  ? number extends N
    ? Local<T>[]
    : All["length"] extends N
      ? All
      : Times<T, N, [...All, Local<T>]>
  : [];
/** The parameters as locals, in their order. */
export type Locals<P extends Params> = [
  ...Times<"i32", P["i32"]>,
  ...Times<"i64", P["i64"]>,
  ...Times<"f32", P["f32"]>,
  ...Times<"v128", P["v128"]>,
];

/** The memory that the module imports as "env" "memory". Shared memories must state their maximum, in pages of 64 KiB. */
export interface MemoryImport {
  readonly initial: number;
  readonly maximum?: number;
  readonly shared?: boolean;
}

export class ModuleBuilder {
  readonly #memory: MemoryImport;
  readonly #types = new Bytes(256);
  readonly #typeIndex = new Map<string, number>();
  readonly #functionTypes = new Bytes();
  readonly #exports: Callable[] = [];
  readonly #more: (readonly [id: number, content: Bytes])[] = [];
  readonly #code = new Bytes(1 << 16);
  readonly #body = new Bytes(1 << 14);
  #functionCount = 0;
  #building = false;

  constructor(memory: MemoryImport) {
    this.#memory = memory;
  }

  /** Index of the function type (params) -> result, shared by equal signatures. */
  signature(params: readonly ValueType[], result?: ValueType): number {
    const key = `${params.join(" ")}>${result ?? ""}`;
    const known = this.#typeIndex.get(key);
    if (known !== undefined) return known;
    const index = this.#typeIndex.size;
    this.#typeIndex.set(key, index);
    this.#types.u8(0x60);
    this.#types.u32(params.length);
    for (const param of params) this.#types.u8(typeCode[param]);
    this.#types.u32(result === undefined ? 0 : 1);
    if (result !== undefined) this.#types.u8(typeCode[result]);
    return index;
  }

  /** Defines and exports a function. `build` receives the body and the parameters as locals; one with a result ends with f.return(value). */
  function<const P extends Params>(
    name: string,
    params: P,
    build: (f: FunctionBuilder, ...params: Locals<P>) => void,
    result?: ValueType,
  ): Callable {
    const callable = this.internal(name, params, build, result);
    this.#exports.push(callable);
    return callable;
  }

  /** The exported function `name`, which a kernel defined later may call. */
  exported(name: string): Callable {
    const callable = this.#exports.find((candidate) => candidate.name === name);
    if (callable === undefined) throw new Error(`wasm emitter: ${name} is not defined yet; list its kernel file before this one`);
    return callable;
  }

  /** As `function`, without the export. */
  internal<const P extends Params>(
    name: string,
    params: P,
    build: (f: FunctionBuilder, ...params: Locals<P>) => void,
    result?: ValueType,
  ): Callable {
    if (this.#building) throw new Error(`wasm emitter: ${name} is defined inside another function; define it before`);
    this.#building = true;
    const types = PARAM_ORDER.flatMap((type) => new Array<ValueType>(params[type] ?? 0).fill(type));
    const callable: Callable = { name, index: this.#functionCount++, params: types, result };
    this.#functionTypes.u32(this.signature(types, result));
    this.#body.clear();
    const f = new FunctionBuilder(this.#body, types.length);
    build(f, ...(types.map((type, i) => f.parameter(type, i)) as Locals<P>));
    if (result !== undefined) this.#body.u8(0x00); // unreachable: the body has returned
    this.#body.u8(0x0b);
    this.#finish(f);
    this.#building = false;
    return callable;
  }

  /** Another section. */
  add(id: number, content: Bytes): void {
    this.#more.push([id, content]);
  }

  /** The exported functions so far, in their order. */
  get exportedFunctions(): readonly Callable[] {
    return this.#exports;
  }

  /** The finished module. */
  bytes(): Uint8Array<ArrayBuffer> {
    const out = new Bytes(this.#code.length + 4096);
    for (const byte of [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]) out.u8(byte);
    const exports = new Bytes();
    for (const { name, index } of this.#exports) {
      exports.name(name);
      exports.u8(0);
      exports.u32(index);
    }
    const sections = [
      [1, vector(this.#typeIndex.size, this.#types)],
      [2, memoryImport(this.#memory)],
      [3, vector(this.#functionCount, this.#functionTypes)],
      [7, vector(this.#exports.length, exports)],
      [10, vector(this.#functionCount, this.#code)],
      ...this.#more,
    ] as const;
    for (const [id, content] of [...sections].sort(([a], [b]) => a - b)) writeSection(out, id, content);
    return out.view().slice();
  }

  #finish(f: FunctionBuilder): void {
    const head = new Bytes(64);
    const groups = runs(f.locals);
    head.u32(groups.length);
    for (const { type, count } of groups) {
      head.u32(count);
      head.u8(typeCode[type]);
    }
    this.#code.u32(head.length + this.#body.length);
    this.#code.append(head.view());
    this.#code.append(this.#body.view());
  }
}

/** The module that ModuleBuilder gives for the same functions over another memory: everything but the import stays as it is. */
export function withMemory(module: Uint8Array<ArrayBuffer>, before: MemoryImport, after: MemoryImport): Uint8Array<ArrayBuffer> {
  const [old, other] = [before, after].map((memory) => {
    const bytes = new Bytes(64);
    writeSection(bytes, 2, memoryImport(memory));
    return bytes.view();
  }) as [Uint8Array, Uint8Array];
  const at = module.findIndex((_, i) => old.every((byte, k) => module[i + k] === byte));
  const out = new Bytes(module.length + other.length);
  for (const part of [module.subarray(0, at), other, module.subarray(at + old.length)]) out.append(part);
  return out.view();
}

function memoryImport({ initial, maximum, shared }: MemoryImport): Bytes {
  const content = new Bytes();
  content.u8(1);
  content.name("env");
  content.name("memory");
  content.u8(2);
  content.u8((maximum === undefined ? 0 : 1) | (shared === true ? 2 : 0));
  content.u32(initial);
  if (maximum !== undefined) content.u32(maximum);
  return content;
}

/** Entries behind their number. */
export function vector(count: number, entries: Bytes): Bytes {
  const content = new Bytes(entries.length + 8);
  content.u32(count);
  content.append(entries.view());
  return content;
}

function writeSection(out: Bytes, id: number, content: Bytes): void {
  out.u8(id);
  out.sized(content);
}

/** Neighbouring locals of one type are declared together. */
function runs(types: readonly ValueType[]): { type: ValueType; count: number }[] {
  const result: { type: ValueType; count: number }[] = [];
  for (const type of types) {
    const last = result.at(-1);
    if (last?.type === type) last.count++;
    else result.push({ type, count: 1 });
  }
  return result;
}
