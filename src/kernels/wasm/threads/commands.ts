/**
 * Commands: kernel calls as rows of f64 in memory, which any thread can run.
 *
 *     [ i32 table index, i32 byte length of the command ] [ f64 argument ] [ f64 argument ] ...
 *
 * f64 holds every argument exactly, i32 (negative ones too) and f32 alike, so whoever records needs to know no kernel's signature.
 * An argument from LOCAL on (memory.ts) is an address in the running thread's own scratch: the thread adds its base.
 * Entry i of the table is an adapter (address of the arguments, base) -> () of the i-th exported kernel: the order of exports is the dictionary.
 */
import type { Callable } from "../emitter/call.ts";
import { call } from "../emitter/call.ts";
import * as f32 from "../emitter/f32.ts";
import * as f64 from "../emitter/f64.ts";
import * as i32 from "../emitter/i32.ts";
import * as i64 from "../emitter/i64.ts";
import type { ModuleBuilder } from "../emitter/module.ts";
import { defineTable } from "../emitter/table.ts";
import { LOCAL } from "./memory.ts";

/** Words of 8 bytes before the arguments. */
export const COMMAND_HEAD = 1;

function defineAdapter(module: ModuleBuilder, kernel: Callable): Callable {
  return module.internal(`command ${kernel.name}`, { i32: 2 }, (f, at, base) => {
    const args = kernel.params.map((type, i) => {
      if (type === "f32") return f32.demote_f64(f64.load(at, 8 * i));
      if (type !== "i32") throw new Error(`wasm emitter: ${kernel.name} cannot be a command, argument ${i} is ${type}`);
      const value = i32.wrap_i64(i64.trunc_sat_f64_s(f64.load(at, 8 * i))); // LOCAL has no low 32 bits
      return i32.add(value, i32.select(base, 0, f64.gt(f64.load(at, 8 * i), LOCAL - 1)));
    });
    if (kernel.result === undefined) f.call(kernel, ...args);
    else f.drop(call(kernel.result, kernel, ...args));
  });
}

/** Makes commands of all kernels exported so far. */
export function defineCommands(module: ModuleBuilder): void {
  defineTable(
    module,
    module.exportedFunctions.map((kernel) => defineAdapter(module, kernel)),
  );
}

/** Table index of each kernel's command. */
export function commandIndices(module: WebAssembly.Module): ReadonlyMap<string, number> {
  return new Map(WebAssembly.Module.exports(module).map(({ name }, i) => [name, i]));
}
