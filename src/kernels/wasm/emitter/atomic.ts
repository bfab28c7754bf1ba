/**
 * Atomic instructions (threads proposal, now core 3.0): addresses must be aligned to the width, or the access traps.
 * Loads and read-modify-writes also work on unshared memory; `wait32` traps there.
 */
import { ATOMIC, asI32, type I32, type I64, memoryOperation } from "./expression.ts";
import { asI64 } from "./i64.ts";

type I = I32 | number;

/* @__NO_SIDE_EFFECTS__ */
const rmw =
  (opcode: number) =>
  (address: I, value: I, offset = 0) =>
    memoryOperation("i32", ATOMIC + opcode, 2, offset, asI32(address), asI32(value));

/** Wakes up to `count` waiters; gives how many. */
export const notify = (address: I, count: I, offset = 0) => memoryOperation("i32", ATOMIC + 0x00, 2, offset, asI32(address), asI32(count));
/** Sleeps while the word equals `expected`, up to `timeout` ns (-1n: for ever). Gives 0 woken, 1 not equal, 2 timed out. */
export const wait32 = (address: I, expected: I, timeout: I64 | bigint, offset = 0) =>
  memoryOperation("i32", ATOMIC + 0x01, 2, offset, asI32(address), asI32(expected), asI64(timeout));
export const load = (address: I, offset = 0) => memoryOperation("i32", ATOMIC + 0x10, 2, offset, asI32(address));
/** The read-modify-writes give the value that was there before. */
export const add = rmw(0x1e);
export const sub = rmw(0x25);
export const xchg = rmw(0x41);
export const cmpxchg = (address: I, expected: I, replacement: I, offset = 0) =>
  memoryOperation("i32", ATOMIC + 0x48, 2, offset, asI32(address), asI32(expected), asI32(replacement));
export const load64 = (address: I, offset = 0) => memoryOperation("i64", ATOMIC + 0x11, 3, offset, asI32(address));
export const xchg64 = (address: I, value: I64, offset = 0) => memoryOperation("i64", ATOMIC + 0x42, 3, offset, asI32(address), value);
export const cmpxchg64 = (address: I, expected: I64, replacement: I64, offset = 0) =>
  memoryOperation("i64", ATOMIC + 0x49, 3, offset, asI32(address), expected, replacement);
