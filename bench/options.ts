/** What `npm run bench` was asked to do, checked: a name that is not known and a number that makes no sense are sentences, not rows of NaN. */
import { parseArgs } from "node:util";
import { MODELS, TOKENS } from "./shapes.ts";

export const CPU = ["reference", "loops", "wasm"];
export const GPU = ["webgpu", "gpujs-cpu", "gpujs-webasm"];

export interface BenchOptions {
  /** Beginnings of operations' names; none: all. */
  readonly names: readonly string[];
  readonly backends: readonly string[];
  readonly shapes: readonly string[];
  readonly tokens: readonly number[];
  readonly rounds: number;
  readonly standard: boolean;
  readonly json: boolean;
  /** Where `--json FILE.json` writes. */
  readonly jsonFile?: string;
  /** Two files to compare, in place of a run. */
  readonly compare?: readonly [before: string, after: string];
}

/** @throws Error that says what was expected */
export function readOptions(given: readonly string[]): BenchOptions {
  const args = [...given];
  const afterJson = args.indexOf("--json") + 1;
  const jsonFile = afterJson > 0 && args[afterJson]?.endsWith(".json") ? args.splice(afterJson, 1)[0] : undefined;
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      backend: { type: "string", default: "loops,wasm" },
      shape: { type: "string", default: "minilm" },
      tokens: { type: "string", default: TOKENS.join(",") },
      rounds: { type: "string", default: "5" },
      standard: { type: "boolean", default: false },
      compare: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
  });
  const [before, after, ...more] = positionals;
  if (values.compare && (!before || !after || more.length > 0)) throw new Error("--compare takes two files that --json wrote");
  return {
    names: positionals,
    backends: select(values.backend, [...CPU, ...GPU], "backend"),
    shapes: select(values.shape, Object.keys(MODELS), "shape"),
    tokens: values.tokens.split(",").map((text) => positive("tokens", text)),
    rounds: positive("rounds", values.rounds),
    standard: values.standard,
    json: values.json,
    ...(jsonFile !== undefined && { jsonFile }),
    ...(values.compare && { compare: [before!, after!] as const }),
  };
}

function select(text: string, known: readonly string[], what: string): string[] {
  const names = text.split(",");
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`unknown ${what} ${unknown.join(", ")}; expected some of ${known.join(", ")}`);
  return names;
}

function positive(what: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${what}: found "${text}"; expected a whole number from 1`);
  return value;
}
