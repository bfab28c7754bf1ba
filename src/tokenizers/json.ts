/**
 * Reading values out of parsed JSON with errors that say where the trouble is: `field("model.vocab")`.
 */

import { ConfigError } from "../errors.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function asObject(value: unknown, what: string): JsonObject {
  if (!isObject(value)) throw new ConfigError(`${what}: expected an object, found ${show(value)}.`);
  return value;
}

export function asArray(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new ConfigError(`${what}: expected a list, found ${show(value)}.`);
  return value;
}

export function asString(value: unknown, what: string): string {
  if (typeof value !== "string") throw new ConfigError(`${what}: expected a string, found ${show(value)}.`);
  return value;
}

export function asBoolean(value: unknown, what: string, fallback?: boolean): boolean {
  if (value === undefined && fallback !== undefined) return fallback;
  if (typeof value !== "boolean") throw new ConfigError(`${what}: expected true or false, found ${show(value)}.`);
  return value;
}

/** A token id or a count: a whole number that fits 32 bits. */
export function asId(value: unknown, what: string): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > 0xffffffff) {
    throw new ConfigError(`${what}: expected a whole number from 0 to 4294967295, found ${show(value)}.`);
  }
  return value;
}

export function show(value: unknown): string {
  const text = value === undefined ? "nothing" : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
