/** Attention in parts: whatever ranges of heads and queries it is computed in, the bits are those of the whole. */
import { describe, expect, it } from "vitest";
import type { AttentionPart } from "../../../src/kernels/wasm/attention.ts";
import { WasmBackend } from "../../../src/kernels/wasm/backend.ts";
import type { AttentionOptions } from "../../../src/tensor/attention.ts";
import type { Mat } from "../../../src/tensor/mat.ts";
import { Sequences } from "../../../src/tensor/sequences.ts";
import { levelsHere, randomFloats } from "./harness.ts";

const heads = 3;
const D = 26;
const C = heads * D;

/** Cuts every sequence into parts, unless given none. */
class InParts extends WasmBackend {
  parts: (sequences: Sequences) => AttentionPart[] = () => [];
  protected override computeAttention(out: Mat, q: Mat, k: Mat, v: Mat, sequences: Sequences, options: AttentionOptions): void {
    const parts = this.parts(sequences);
    if (parts.length === 0) super.computeAttention(out, q, k, v, sequences, options);
    for (const part of parts) this.attend(out, q, k, v, sequences, options, part);
  }
}

/** Every head apart, its queries in runs of `run`, the last run first. */
const apart = (run: number) => (sequences: Sequences) => {
  const parts: AttentionPart[] = [];
  for (let b = 0; b < sequences.B; b++) {
    const S = sequences.lengthOf(b);
    for (let firstHead = 0; firstHead < heads; firstHead++) {
      for (let firstQuery = 0; firstQuery < S; firstQuery += run) {
        parts.unshift({ b, firstHead, endHead: firstHead + 1, firstQuery, endQuery: Math.min(S, firstQuery + run) });
      }
    }
  }
  return parts;
};

const bitsOf = (results: Float32Array[]) =>
  Buffer.concat(results.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength)));

describe.each(levelsHere())("attention in parts, %s", (_name, level) => {
  const backend = new InParts(level);
  const sequences = new Sequences([1, 7, 300, 49]);
  const qkv = backend.constant(randomFloats(sequences.T * 3 * C, 1, 2), sequences.T, 3 * C);
  const table = (cols: number) => backend.constant(randomFloats(13 * cols, 2), 13, cols);
  const bucketOf = (distance: number) => Math.min(Math.max(distance + 6, 0), 12);
  const cases: [string, Partial<AttentionOptions>][] = [
    ["all keys", {}],
    ["a window", { window: 5 }],
    ["a window of more keys than a chain of sums has", { window: 64 }],
    ["relative by head", { relative: [{ table: table(heads), bucketOf, by: "head" }] }],
    [
      "relative by query and key, a window",
      { window: 20, relative: (["query", "key"] as const).map((by) => ({ table: table(C), bucketOf, by })) },
    ],
  ];

  it.each(cases)("%s: the bits of the whole", async (_name, options) => {
    const pass = () =>
      backend.pass(() => {
        const out = backend.alloc(sequences.T, C);
        const probs = Array.from({ length: sequences.B }, (_, b) => backend.alloc(heads * sequences.lengthOf(b), sequences.lengthOf(b)));
        backend.attention(out, qkv.columns(0, C), qkv.columns(C, C), qkv.columns(2 * C, C), sequences, {
          heads,
          scale: 1 / Math.sqrt(D),
          probs,
          ...options,
        });
        return [out, ...probs];
      });
    backend.parts = () => [];
    const whole = bitsOf(await pass());
    for (const run of [1, 50, 64, 1000]) {
      backend.parts = apart(run);
      expect(bitsOf(await pass()).equals(whole), `runs of ${run}`).toBe(true);
    }
  });
});
