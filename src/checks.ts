/**
 * Checks of what callers and files give. One sentence for all of them, `what: expected ..., found ...`, so that no check spells out its own.
 */

import { ConfigError } from "./errors.ts";

/** A value as sentences show it: as JSON where that says it, cut where it is long. */
export function show(value: unknown): string {
  if (value === undefined) return "nothing";
  let text: string | undefined;
  try {
    if (typeof value !== "object" && typeof value !== "string") text = String(value);
    else if (!ArrayBuffer.isView(value)) text = JSON.stringify(value);
  } catch {
    // a circle, or a bigint inside
  }
  text ??= Object.prototype.toString.call(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** The error for `found`. */
export function unexpected(what: string, expected: string, found: unknown): ConfigError {
  return new ConfigError(`${what}: expected ${expected}, found ${show(found)}`);
}

/** @throws ConfigError unless `fits` */
export function check(fits: boolean, what: string, expected: string, found: unknown): asserts fits {
  if (!fits) throw unexpected(what, expected, found);
}

export function checkString(value: unknown, what: string): asserts value is string {
  check(typeof value === "string", what, "a string", value);
}

export function checkList(value: unknown, what: string, expected = "a list"): asserts value is readonly unknown[] {
  check(Array.isArray(value), what, expected, value);
}

export function checkIterable(value: unknown, what: string, expected: string): void {
  const isIterable = typeof value === "object" && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value);
  check(isIterable, what, expected, value);
}

/** An integer of at least `least`. */
export function checkInteger(value: unknown, what: string, least = 1): asserts value is number {
  check(Number.isInteger(value) && (value as number) >= least, what, `an integer of at least ${least}`, value);
}

export function checkOneOf(value: unknown, what: string, known: readonly unknown[]): void {
  check(known.includes(value), what, `one of ${known.map(show).join(", ")}`, value);
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Options that are functions of the caller's. */
export const CALLBACKS = ["onProgress", "onTruncate"] as const;

/** What a call was given beside its inputs, as it is. */
export function checkOptions<Options>(options: Options): Options {
  check(isObject(options), "options", "an object", options);
  for (const name of CALLBACKS) check(typeof (options[name] ?? check) === "function", name, "a function", options[name]);
  return options;
}

/** @throws an aborted signal's reason; ConfigError for what is no signal */
export function throwIfAborted(signal: AbortSignal | null | undefined): void {
  check(!signal || typeof signal.throwIfAborted === "function", "signal", "an AbortSignal", signal);
  signal?.throwIfAborted();
}

export function checkStrings(values: unknown, what: string): asserts values is readonly string[] {
  checkList(values, what, "a list of strings");
  const wrong = values.findIndex((value) => typeof value !== "string");
  if (wrong >= 0) throw unexpected(`${what}[${wrong}]`, "a string", values[wrong]);
}
