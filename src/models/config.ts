/**
 * config.json, read field by field and checked: each getter names the field, what was expected and what was found.
 *
 * Fields have several spellings over the years and families (`hidden_size` and DistilBERT's `dim`, `torch_dtype` and `dtype`): a getter takes
 * them all, the first one present counts. null counts as absent, as Python writes it for "no value".
 */

import { show, unexpected } from "../checks.ts";
import { type ConfigError, FormatError, UnsupportedError } from "../errors.ts";
import { parseJson } from "../files/json.ts";

type Spellings = string | readonly string[];

export class Config {
  /** Where it was read from, for error sentences. */
  readonly label: string;
  readonly values: Readonly<Record<string, unknown>>;

  constructor(values: unknown, label: string) {
    if (typeof values !== "object" || values === null || Array.isArray(values)) {
      throw new FormatError(`config.json of ${label}: expected a JSON object, found ${show(values)}`);
    }
    this.label = label;
    this.values = values as Record<string, unknown>;
  }

  /** @throws FormatError when the bytes are not JSON */
  static parse(bytes: Uint8Array, label: string): Config {
    return new Config(parseJson(bytes, "config.json", label), label);
  }

  /** An integer of at least `min` (default 1). Without a default the field must be there. */
  integer(names: Spellings, { fallback, min = 1 }: { fallback?: number; min?: number } = {}): number {
    return this.#read(names, fallback, `an integer of at least ${min}`, (value) => Number.isInteger(value) && (value as number) >= min);
  }

  /** A finite number above zero. */
  positive(names: Spellings, { fallback }: { fallback?: number } = {}): number {
    return this.#read(names, fallback, "a number above 0", (value) => typeof value === "number" && value > 0 && Number.isFinite(value));
  }

  text(names: Spellings, { fallback }: { fallback?: string } = {}): string {
    return this.#read(names, fallback, "a string", (value) => typeof value === "string");
  }

  flag(names: Spellings, fallback: boolean): boolean {
    return this.#read(names, fallback, "true or false", (value) => typeof value === "boolean");
  }

  list(names: Spellings, { fallback }: { fallback?: readonly unknown[] } = {}): readonly unknown[] {
    return this.#read(names, fallback, "a list", Array.isArray);
  }

  /** A JSON object; undefined where absent. */
  object(names: Spellings): Readonly<Record<string, unknown>> | undefined {
    const value = this.find(names)?.value;
    if (value === undefined) return undefined;
    if (typeof value !== "object" || Array.isArray(value)) throw this.mismatch(names, "an object");
    return value as Record<string, unknown>;
  }

  /** Number of classes K: the entries of id2label, else num_labels, else 2 (transformers' default). */
  get classes(): number {
    const labels = this.object("id2label");
    return labels ? Object.keys(labels).length : this.integer("num_labels", { fallback: 2 });
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
    const found = this.find(names);
    const name = found?.name ?? (typeof names === "string" ? names : names.join(" or "));
    return unexpected(`config.json of ${this.label}: ${name}`, expected, found?.value);
  }

  /** The error for something that this engine does not do. */
  unsupported(what: string): UnsupportedError {
    return new UnsupportedError(`config.json of ${this.label}: ${what} is not supported`);
  }

  #read<Value>(names: Spellings, fallback: Value | undefined, expected: string, fits: (value: unknown) => boolean): Value {
    const value = this.find(names)?.value ?? fallback;
    if (value === undefined || !fits(value)) throw this.mismatch(names, expected);
    return value as Value;
  }
}
