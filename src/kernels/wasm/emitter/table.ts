/** A module's table of functions, and calls through it. */
import { Bytes } from "./bytes.ts";
import type { Callable } from "./call.ts";
import { asI32, type Expression, type I32 } from "./expression.ts";
import type { FunctionBuilder } from "./function.ts";
import type { ModuleBuilder } from "./module.ts";

/** Gives the module a table: entry i is functions[i]. */
export function defineTable(module: ModuleBuilder, functions: readonly Callable[]): void {
  const table = new Bytes();
  for (const byte of [1, 0x70, 0]) table.u8(byte); // one table of funcref, of at least so many entries
  table.u32(functions.length);
  module.add(4, table);
  const elements = new Bytes();
  for (const byte of [1, 0, 0x41, 0, 0x0b]) elements.u8(byte); // one active segment of table 0, at i32.const 0
  elements.u32(functions.length);
  for (const { index } of functions) elements.u32(index);
  module.add(9, elements);
}

/** Calls entry `index` of the table; `typeIndex` is ModuleBuilder.signature(...). */
export function callIndirect(f: FunctionBuilder, typeIndex: number, index: I32 | number, ...args: Expression[]): void {
  for (const operand of [...args, asI32(index)]) operand.write(f);
  f.bytes.u8(0x11);
  f.bytes.u32(typeIndex);
  f.bytes.u8(0);
}
