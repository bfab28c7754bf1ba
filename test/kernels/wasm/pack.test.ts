/** Panels as packed from every dtype, odd sizes, unaligned bytes and stacked matrices, against decodeMatrix to the bit. */
import { describe, expect, it } from "vitest";
import { definePackKernels } from "../../../src/kernels/wasm/pack-kernels.ts";
import { definePackW8 } from "../../../src/kernels/wasm/pack-w8.ts";
import { decodeMatrix } from "../../../src/tensor/weight-rows.ts";
import type { WeightMatrix } from "../../../src/tensor/weights.ts";
import { Bench, randomFloats } from "./harness.ts";
import { f32Weight, pack, w8Weight } from "./linear-cases.ts";

describe("packing", () => {
  const level = { fma: false, wide: false };
  const bench = new Bench((module) => {
    definePackKernels(module);
    definePackW8(module, level);
  });
  const half = (rows: number, cols: number, dtype: "F16" | "BF16"): WeightMatrix => {
    // every 16-bit pattern occurs where the matrix is large enough
    const words = Uint16Array.from({ length: rows * cols }, (_, i) => i * 40503);
    return { dtype, rows, cols, bytes: new Uint8Array(words.buffer) };
  };
  const unaligned = (weight: WeightMatrix): WeightMatrix => {
    const bytes = new Uint8Array(weight.bytes.length + 1);
    bytes.set(weight.bytes, 1);
    return { ...weight, bytes: bytes.subarray(1) };
  };
  const f64: WeightMatrix = {
    dtype: "F64",
    rows: 5,
    cols: 11,
    bytes: new Uint8Array(Float64Array.from(randomFloats(55, 9), (v) => v / 3).buffer),
  };
  const cases: [string, WeightMatrix[]][] = [
    ["F32, odd K", [f32Weight(19, 37, 1)]],
    ["F16, every pattern", [half(64, 1024, "F16")]],
    ["BF16, every pattern", [half(64, 1024, "BF16")]],
    ["F16, odd K, unaligned bytes", [unaligned(half(18, 33, "F16"))]],
    ["F64", [f64]],
    ["stacked across panels", [f32Weight(7, 26, 1), f32Weight(20, 26, 2), f32Weight(1, 26, 3), f32Weight(30, 26, 4)]],
    ["stacked dtypes", [f32Weight(5, 11, 1), half(9, 11, "BF16"), f64, w8Weight(21, 11, 2), half(3, 11, "F16")]],
  ];
  it.each(cases)("f32 panels: %s", (_, weights) => {
    bench.reset();
    const { N, K, panels, byteCount, dtype } = pack(bench, weights, undefined);
    expect(dtype).toBe("f32");
    const values = weights.flatMap((weight) => [...decodeMatrix(weight)]);
    const expected = new Float32Array(byteCount / 4);
    for (let n = 0; n < N; n++) {
      for (let k = 0; k < K; k++) expected[(n >> 4) * 16 * (K + 1) + 16 * (k + 1) + (n & 15)] = values[n * K + k]!;
    }
    const found = bench.read(panels, byteCount / 4);
    expect(found.map((v, i) => (Object.is(v, expected[i]) ? 0 : 1))).toEqual(new Float32Array(found.length));
  });

  it.each([
    ["pairs", 2, { fma: false, wide: false }],
    ["fours", 4, { fma: false, wide: false, dot8: "unsigned" }],
  ] as const)("int8 panels: %s of k, -128, odd K, stacked across a panel", (_, unit, layout) => {
    const bench = new Bench((module) => definePackW8(module, layout));
    for (const K of [41, 7, 64]) {
      bench.reset();
      const int8 = (rows: number, seed: number): WeightMatrix => ({
        dtype: "I8",
        rows,
        cols: K,
        bytes: Uint8Array.from(randomFloats(rows * K, seed), (v) => Math.round(v * 128) & 0xff),
        scale: randomFloats(rows, seed + 1),
      });
      const weights = [int8(21, 1), int8(3, 2), int8(18, 3)];
      weights[1]!.bytes.fill(0x80);
      const bias = randomFloats(42, 7);
      const { N, panels, byteCount, dtype, limit } = pack(bench, weights, bias);
      expect(dtype).toBe("w8");
      expect(limit).toBe(32767);
      const bytes = new Int8Array(bench.memory.buffer, panels, byteCount);
      const paddedK = (K + 3) & ~3;
      const size = 192 + 16 * paddedK;
      const values = weights.flatMap((weight) => [...new Int8Array(weight.bytes.buffer)]);
      const scales = weights.flatMap((weight) => [...weight.scale!]);
      for (let n = 0; n < 48; n++) {
        const start = (n >> 4) * size;
        const head = new Float32Array(bench.memory.buffer, panels + start, 32);
        expect(head[n & 15]).toBe(n < N ? bias[n] : 0);
        expect(head[16 + (n & 15)]).toBe(n < N ? scales[n] : 0);
        let sum = 0;
        for (let k = 0; k < paddedK; k++) {
          const expected = n < N && k < K ? values[n * K + k]! : 0;
          sum += expected;
          const value = bytes[start + 192 + 16 * (k - (k % unit)) + unit * (n & 15) + (k % unit)];
          if (value !== expected) expect.fail(`column ${n}, k ${k}: ${value}, expected ${expected}`);
        }
        expect(new Int32Array(bench.memory.buffer, panels + start + 128, 16)[n & 15]).toBe(-128 * sum + 0);
      }
    }
  });

  it("the activation limit excludes overflow: the largest sums of a long row reach it", () => {
    const K = 3072;
    for (const magnitude of [127, -128]) {
      bench.reset();
      const values = new Int8Array(K).fill(magnitude);
      const { limit } = pack(bench, [{ dtype: "I8", rows: 1, cols: K, bytes: new Uint8Array(values.buffer), scale: Float32Array.of(1) }]);
      expect(limit).toBe(Math.floor((2 ** 31 - 1) / (K * Math.abs(magnitude))));
      expect(limit).toBeLessThan(32767);
    }
  });
});
