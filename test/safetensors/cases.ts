/** The golden cases of the official library (safetensors 0.8.0), copied to test/fixtures/safetensors, and f32 rounding of 64-bit integers by search. */

import { readFileSync } from "node:fs";
import { fixture } from "../shared.ts";

export interface Case {
  file: string;
  kind: "valid" | "malformed-or-doubtful";
  what: string;
  deserialize: "accept" | "reject";
  message?: string;
  tensors?: Record<string, { dtype: string; shape: number[] }>;
  metadata?: Record<string, string> | null;
  values?: Record<string, (number | string | boolean)[]>;
}

/** The index names a tensor "__proto__": JSON.parse makes it an own property, so Object.entries sees it. */
export const cases: Case[] = JSON.parse(readFileSync(fixture("safetensors/index.json"), "utf8")).cases;

export function bytesOf(file: string): Uint8Array {
  return new Uint8Array(readFileSync(fixture(`safetensors/${file}`)));
}

const bits = new DataView(new ArrayBuffer(4));
function neighbour(value: number, step: number): number {
  bits.setFloat32(0, value);
  bits.setUint32(0, bits.getUint32(0) + step);
  return bits.getFloat32(0);
}

/** The f32 nearest to an integer, ties to even: of a rough guess and its neighbours the one with the smallest exact distance. */
export function nearestFloat32(value: bigint): number {
  if (value === 0n) return 0;
  if (value < 0n) return -nearestFloat32(-value);
  const guess = Math.fround(Number(value));
  const distance = (f: number) => (BigInt(f) > value ? BigInt(f) - value : value - BigInt(f));
  const even = (f: number) => {
    bits.setFloat32(0, f);
    return (bits.getUint32(0) & 1) === 0;
  };
  let best = guess;
  for (const f of [neighbour(guess, -1), neighbour(guess, 1)]) {
    if (Number.isInteger(f) && (distance(f) < distance(best) || (distance(f) === distance(best) && even(f)))) best = f;
  }
  return best;
}
