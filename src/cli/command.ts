/**
 * What a command is: a row of data (name, words for --help, its own options) and a `run`.
 * Exit codes: 0 done, 1 failure, 2 usage; 130 after Ctrl-C.
 */
import type { ParseArgsConfig } from "node:util";
import type { Output } from "./output.ts";

export type OptionSpecs = NonNullable<ParseArgsConfig["options"]>;
export type OptionValues = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** What follows the command's name in the usage line. */
  readonly usage: string;
  /** Sentences below the usage: what goes in, what comes out. */
  readonly details: string;
  readonly options: OptionSpecs;
  /** One line a option of its own: ["--top-k N", "how many answers"]. */
  readonly optionHelp: readonly (readonly [option: string, meaning: string])[];
  readonly examples: readonly string[];
  run(invocation: Invocation): Promise<void>;
}

export interface Invocation {
  readonly texts: readonly string[];
  readonly values: OptionValues;
  readonly output: Output;
  readonly signal: AbortSignal;
}

/** A mistake in how the command was called: exit code 2 and a hint at --help. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export const COMMON_OPTIONS: OptionSpecs = {
  model: { type: "string", short: "m" },
  file: { type: "string", short: "f", multiple: true },
  json: { type: "boolean" },
  "on-error": { type: "string" },
  device: { type: "string" },
  dtype: { type: "string" },
  threads: { type: "string" },
  offline: { type: "boolean" },
  quiet: { type: "boolean", short: "q" },
  help: { type: "boolean", short: "h" },
};

export const COMMON_HELP: readonly (readonly [string, string])[] = [
  ["-m, --model SOURCE", "folder, Hub id or URL of a model (default: the task's embedded model, where it has one)"],
  ["-f, --file F", "lines of a file, of a folder's text files, or (-) of standard input; repeatable"],
  ["--json", "one JSON object a line instead of a table"],
  ["--on-error skip|stop", "what a bad line does: report and go on, or stop the run (default: stop)"],
  ["--device NAME", "auto, wasm, loops or reference"],
  ["--dtype NAME", "auto (as the file is), f32 or w8"],
  ["--threads N", "a number, or auto"],
  ["--offline", "use only files that are already here"],
  ["-q, --quiet", "no progress on standard error"],
];

/** What can be said of the common options before a model is loaded. */
export function checkCommonOptions(values: OptionValues): void {
  stringOption(values, "on-error", ["skip", "stop"]);
  stringOption(values, "device", ["auto", "wasm", "loops", "reference"]);
  stringOption(values, "dtype", ["auto", "f32", "w8"]);
  if (values.threads !== "auto") integerOption(values, "threads");
}

/** The string value of an option, checked against `allowed` where given. */
export function stringOption(values: OptionValues, name: string, allowed?: readonly string[]): string | undefined {
  const value = values[name];
  if (value === undefined) return undefined;
  if (typeof value !== "string") throw new UsageError(`--${name} needs a value`);
  if (allowed && !allowed.includes(value)) throw new UsageError(`--${name} takes ${allowed.join(" or ")}, got "${value}"`);
  return value;
}

/** A whole number of at least `least`. */
export function integerOption(values: OptionValues, name: string, least = 1): number | undefined {
  const text = stringOption(values, name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < least) throw new UsageError(`--${name} takes a whole number of at least ${least}, got "${text}"`);
  return value;
}

/** The values of a repeatable option. */
export function listOption(values: OptionValues, name: string): string[] {
  const value = values[name];
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).map(String);
}
