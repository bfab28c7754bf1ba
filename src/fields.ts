/**
 * A JSON object read field by field: each getter checks its field, and the error names it, what was expected and what was found.
 *
 * Fields have several spellings over the years and families (`hidden_size` and DistilBERT's `dim`, `torch_dtype` and `dtype`): a getter takes
 * them all, the first one present counts. null counts as absent, as Python writes it for "no value". Without a fallback a field must be there.
 */

import { check, isObject, unexpected } from "./checks.ts";
import type { ConfigError } from "./errors.ts";

export type JsonObject = Readonly<Record<string, unknown>>;
type Spellings = string | readonly string[];
interface Fallback<Value> {
  readonly fallback?: Value | undefined;
}

export function isId(value: unknown): value is number {
  return typeof value === "number" && value >>> 0 === value;
}

export class Fields {
  readonly values: JsonObject;
  /** What error sentences put before a field's name. */
  readonly prefix: string;

  /**
   * @param what the object is
   * @throws ConfigError where `values` are no object
   */
  constructor(values: unknown, what: string, separator = ".") {
    check(isObject(values), what, "an object", values);
    this.values = values;
    this.prefix = what + separator;
  }

  /** An integer of at least `min` (default 1). */
  integer(names: Spellings, { fallback, min = 1 }: Fallback<number> & { min?: number } = {}): number {
    return this.#read(names, fallback, `an integer of at least ${min}`, (value) => Number.isInteger(value) && (value as number) >= min);
  }

  /** A token id or a count: a whole number that fits 32 bits. */
  id(names: Spellings, { fallback }: Fallback<number> = {}): number {
    return this.#read(names, fallback, "a whole number from 0 to 4294967295", isId);
  }

  /** A finite number above zero. */
  positive(names: Spellings, { fallback }: Fallback<number> = {}): number {
    return this.#read(names, fallback, "a number above 0", (value) => typeof value === "number" && value > 0 && Number.isFinite(value));
  }

  text(names: Spellings, { fallback }: Fallback<string> = {}): string {
    return this.#read(names, fallback, "a string", (value) => typeof value === "string");
  }

  flag(names: Spellings, fallback?: boolean): boolean {
    return this.#read(names, fallback, "true or false", (value) => typeof value === "boolean");
  }

  list(names: Spellings, { fallback }: Fallback<readonly unknown[]> = {}): readonly unknown[] {
    return this.#read(names, fallback, "a list", Array.isArray);
  }

  /** A JSON object; undefined where absent. */
  object(names: Spellings): JsonObject | undefined {
    return this.#read(names, undefined, "an object", (value) => value === undefined || isObject(value));
  }

  /** A JSON object, to be read further. */
  fields(name: string): Fields {
    return new Fields(this.find(name)?.value, this.prefix + name);
  }

  /** The first of the spellings that is present. */
  find(names: Spellings): { readonly name: string; readonly value: unknown } | undefined {
    for (const name of typeof names === "string" ? [names] : names) {
      const value = Object.hasOwn(this.values, name) ? this.values[name] : undefined;
      if (value !== undefined && value !== null) return { name, value };
    }
    return undefined;
  }

  /** The error for a field that is not what it must be. */
  mismatch(names: Spellings, expected: string): ConfigError {
    const { name = [names].flat().join(" or "), value } = this.find(names) ?? {};
    return unexpected(this.prefix + name, expected, value);
  }

  #read<Value>(names: Spellings, fallback: Value | undefined, expected: string, fits: (value: unknown) => boolean): Value {
    const value = this.find(names)?.value ?? fallback;
    if (!fits(value)) throw this.mismatch(names, expected);
    return value as Value;
  }
}
