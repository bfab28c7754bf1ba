/**
 * How errors of this format are said: a name for the broken rule, the official library's where it has one, then a sentence with what was found.
 * Names out of a file are hostile too: escaped, and cut where they are long.
 */

import { ConfigError, FormatError } from "../errors.ts";

/** A broken rule of the format. */
export function broken(rule: string, sentence: string): FormatError {
  return new FormatError(`safetensors ${rule}: ${sentence}`);
}

/** A name from a hostile file, made fit for an error message: escaped, and cut where it is long. */
export function quoted(name: string): string {
  return JSON.stringify(name.length <= 80 ? name : `${name.slice(0, 77)}...`);
}

/** @param value what must be bytes; by its tag, since it may come from another realm. @throws ConfigError for an ArrayBuffer, a Float32Array, null, ... */
export function checkBytes(value: unknown, what: string): void {
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  if (tag === "Uint8Array") return;
  const advice = tag === "ArrayBuffer" || ArrayBuffer.isView(value) ? "; wrap its buffer in a new Uint8Array" : "";
  throw new ConfigError(`${what}: expected a Uint8Array, found ${tag}${advice}.`);
}
