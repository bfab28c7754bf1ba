/**
 * "Did you mean": the tensors of a file whose names are closest to one that is missing, for error sentences.
 * Names are dotted paths; two are close when many of their last and first parts agree.
 */

import { ConfigError } from "../errors.ts";
import { quoted } from "./rules.ts";
import type { TensorEntry } from "./types.ts";

/** e.g. `the file has "encoder.layer.0.attention.self.query.weight" [384,384]`. */
export function nearbyTensors(wanted: string, tensors: ReadonlyMap<string, TensorEntry>): string {
  if (tensors.size === 0) return "the file has no tensors";
  const parts = wanted.split(".");
  const ranked = [...tensors.keys()]
    .map((name) => ({ name, score: closeness(parts, name.split(".")) }))
    .sort((a, b) => b.score - a.score)
    .slice(0, 3);
  return `the file has ${ranked.map(({ name }) => `${quoted(name)} [${tensors.get(name)!.shape}]`).join(", ")}`;
}

/** Common parts counted from the end (a missing prefix keeps them), then from the start (another spelling of the last part keeps those). */
function closeness(a: readonly string[], b: readonly string[]): number {
  let fromEnd = 0;
  while (fromEnd < Math.min(a.length, b.length) && a.at(-1 - fromEnd) === b.at(-1 - fromEnd)) fromEnd++;
  let fromStart = 0;
  while (fromStart < Math.min(a.length, b.length) && a[fromStart] === b[fromStart]) fromStart++;
  return 2 * fromEnd + fromStart;
}

/** The error for a name that is not in the file. */
export function unknownTensor(name: string, tensors: ReadonlyMap<string, TensorEntry>): ConfigError {
  return new ConfigError(`No tensor ${quoted(name)} in this safetensors file; ${nearbyTensors(name, tensors)}.`);
}
