/**
 * Reading values out of parsed JSON with errors that say where the trouble is: `field("model.vocab")`.
 */

import { check, checkInteger, checkList, checkString } from "../checks.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function asObject(value: unknown, what: string): JsonObject {
  check(isObject(value), what, "an object", value);
  return value;
}

export function asArray(value: unknown, what: string): readonly unknown[] {
  checkList(value, what);
  return value;
}

export function asString(value: unknown, what: string): string {
  checkString(value, what);
  return value;
}

export function asBoolean(value: unknown, what: string, fallback?: boolean): boolean {
  if (value === undefined && fallback !== undefined) return fallback;
  check(typeof value === "boolean", what, "true or false", value);
  return value;
}

/** A token id or a count: a whole number that fits 32 bits. */
export function asId(value: unknown, what: string): number {
  checkInteger(value, what, 0);
  check(value <= 0xffffffff, what, "at most 4294967295", value);
  return value;
}
