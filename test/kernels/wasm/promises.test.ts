/** What the wasm backend promises beside numbers: the conformance suite at every level, same bits for any tile width, memory that settles, errors that leave it usable. */
import { describe, expect, it } from "vitest";
import { DisposedError, UnsupportedError } from "../../../src/errors.ts";
import { WasmBackend } from "../../../src/kernels/wasm/backend.ts";
import { WasmMemory } from "../../../src/kernels/wasm/memory.ts";
import type { Mat } from "../../../src/tensor/mat.ts";
import { Sequences } from "../../../src/tensor/sequences.ts";
import { quantizeWeightRows } from "../../../src/tensor/w8.ts";
import type { WeightMatrix } from "../../../src/tensor/weights.ts";
import { conformance } from "../conformance/suite.ts";
import { levelsHere, randomFloats } from "./harness.ts";

for (const [name, level] of levelsHere()) conformance(`wasm, ${name}`, () => new WasmBackend(level));

const C = 52;
const F = 120;

/** An encoder layer with embeddings and pooling, f32 or W8A16: a body for passes over sequences of any lengths. */
function encoder(backend: WasmBackend, dtype: "f32" | "w8") {
  const weight = (rows: number, cols: number, seed: number): WeightMatrix => {
    const values = randomFloats(rows * cols, seed, 2 / Math.sqrt(cols));
    if (dtype === "f32") return { dtype: "F32", rows, cols, bytes: new Uint8Array(values.buffer) };
    const { values: int8, scale } = quantizeWeightRows(values, rows, cols);
    return { dtype: "I8", rows, cols, bytes: new Uint8Array(int8.buffer), scale };
  };
  const words = backend.table(weight(300, C, 1));
  const qkv = backend.linear([weight(C, C, 2), weight(C, C, 3), weight(C, C, 4)], randomFloats(3 * C, 5));
  const up = backend.linear([weight(F, C, 6)], randomFloats(F, 7));
  const down = backend.linear([weight(C, F, 8)]);
  const norm = { gamma: backend.constant(randomFloats(C, 9), 1, C), beta: backend.constant(randomFloats(C, 10), 1, C), eps: 1e-12 };
  return (lengths: readonly number[]) => (): readonly Mat[] => {
    const sequences = new Sequences(lengths);
    const { T, B } = sequences;
    const hidden = backend.alloc(T, C);
    const projected = backend.alloc(T, 3 * C);
    backend.stretch(T, (rows) => {
      const ids = Int32Array.from({ length: rows.count }, (_, i) => ((rows.first + i) * 31) % 300);
      backend.embed(hidden.slice(rows), [
        { table: words, indices: ids },
        { table: words, indices: ids.map((id) => 299 - id) },
      ]);
      backend.project(projected.slice(rows), hidden.slice(rows), qkv);
    });
    const context = backend.alloc(T, C);
    backend.attention(context, projected.columns(0, C), projected.columns(C, C), projected.columns(2 * C, C), sequences, {
      heads: 2,
      scale: 0.2,
    });
    const out = backend.alloc(T, C);
    backend.stretch(T, (rows) => {
      const inner = backend.alloc(rows.count, F);
      backend.projectActivate(inner, context.slice(rows), up, "gelu");
      const outer = backend.alloc(rows.count, C);
      backend.project(outer, inner, down);
      backend.addLayerNorm(out.slice(rows), outer, hidden.slice(rows), norm);
    });
    const pooled = backend.alloc(B, C);
    backend.pool(pooled, out, sequences, "mean");
    return [out, pooled];
  };
}

const lengths = [1, 7, 300, 16, 33];

describe.each(["f32", "w8"] as const)("wasm, %s", (dtype) => {
  it.each(levelsHere())("the widest tiles of %s have the bits of the narrowest", async (_name, level) => {
    const [narrow, wide] = await Promise.all(
      [false, true].map((wide) => {
        const backend = new WasmBackend({ ...level, wide });
        return backend.pass(encoder(backend, dtype)(lengths));
      }),
    );
    expect(wide).toEqual(narrow);
    expect(Math.max(...narrow![0]!)).toBeGreaterThan(0.5);
  });

  it("a shape seen before allocates nothing, nor does a smaller one", async () => {
    const backend = new WasmBackend({ fma: false, wide: false });
    const body = encoder(backend, dtype);
    const first = await backend.pass(body(lengths));
    const settled = backend.usage;
    expect(settled.growths).toBeGreaterThan(0);
    for (const again of [lengths, [...lengths].reverse(), [300], [5, 5]]) await backend.pass(body(again));
    expect(await backend.pass(body(lengths))).toEqual(first);
    expect(backend.usage).toEqual(settled);
    await backend.pass(body([600, 600]));
    expect(backend.usage.peakScratch).toBeGreaterThan(settled.peakScratch);
  });
});

describe("wasm, errors", () => {
  it("a failed pass leaves memory where it was and the backend usable", async () => {
    const backend = new WasmBackend({ fma: false, wide: false });
    const body = encoder(backend, "f32");
    const expected = await backend.pass(body(lengths));
    const { usage } = backend;
    const failing = () => {
      body([20])();
      backend.alloc(1000, 1000);
      throw new RangeError("in the middle");
    };
    await expect(backend.pass(failing)).rejects.toThrow("in the middle");
    const beyond = () => {
      body([20])();
      return [backend.alloc(65536, 65536)];
    };
    await expect(backend.pass(beyond)).rejects.toThrow(UnsupportedError);
    await expect(backend.pass(beyond)).rejects.toThrow("smaller token budget");
    expect(await backend.pass(body(lengths))).toEqual(expected);
    expect(backend.usage.constantBytes).toBe(usage.constantBytes);
    backend.constant(new Float32Array(10), 2, 5);
  });

  it("memory refused for weights or at the start is an UnsupportedError that says what to do", () => {
    expect(() => new WasmMemory().reserve(2 ** 33)).toThrow(UnsupportedError);
    expect(() => new WasmMemory().reserve(2 ** 33)).toThrow(
      '8193 MiB are needed, and the engine gives no more than the 1 there are; use dtype "w8", a smaller token budget or device "loops"',
    );
    const { Memory } = WebAssembly;
    try {
      WebAssembly.Memory = class {
        constructor() {
          throw new RangeError("could not allocate memory");
        }
      } as unknown as typeof Memory;
      expect(() => new WasmBackend({ fma: false, wide: false })).toThrow(UnsupportedError);
    } finally {
      WebAssembly.Memory = Memory;
    }
  });

  it("after dispose every call says so", async () => {
    const backend = new WasmBackend({ fma: false, wide: false });
    const body = encoder(backend, "f32");
    backend.dispose();
    backend.dispose();
    await expect(backend.pass(body([3]))).rejects.toThrow(DisposedError);
    expect(() => backend.constant(new Float32Array(1), 1, 1)).toThrow(DisposedError);
  });
});
