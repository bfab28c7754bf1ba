/** quantizeRows at every level and for both kinds of digits, and the dot8 loops with an exact stand-in for the instruction, against tensor/w8.ts to the bit. */
import { describe, expect, it } from "vitest";
import type { V128 } from "../../../src/kernels/wasm/emitter/expression.ts";
import type { FunctionBuilder } from "../../../src/kernels/wasm/emitter/function.ts";
import * as i32x4 from "../../../src/kernels/wasm/emitter/i32x4.ts";
import { emitDot8 } from "../../../src/kernels/wasm/gemm-w8-loops.ts";
import type { Dot8, FeatureLevel } from "../../../src/kernels/wasm/level.ts";
import { definePackW8 } from "../../../src/kernels/wasm/pack-w8.ts";
import { defineQuantizeRows } from "../../../src/kernels/wasm/quantize-rows.ts";
import { quantizeActivationRow } from "../../../src/tensor/w8.ts";
import { Bench, randomFloats } from "./harness.ts";
import { levels, pack, readRow, w8Weight } from "./linear-cases.ts";

const digitLevels: typeof levels = (["signed", "unsigned"] as const).map((kind) => [
  `${kind} digits`,
  { fma: false, wide: false, dot8: kind },
]);

describe.each([...levels, ...digitLevels])("quantizeRows, %s", (_, level) => {
  const bench = new Bench((module) => defineQuantizeRows(module, level));
  const quantize = (row: number[], limit: number) => {
    bench.reset();
    const K = row.length;
    const qStride = (K + 3) & ~3;
    const q = bench.bytes(2 * qStride);
    const rowScale = bench.bytes(4);
    bench.kernels.quantizeRows!(q, rowScale, bench.floats(row), 1, K, qStride, K, limit);
    const expected = new Int16Array(K);
    const scale = quantizeActivationRow(expected, Float32Array.from(row), 0, K, limit);
    expect(bench.read(rowScale, 1)[0]).toBe(scale);
    const values = readRow(bench, level, q, qStride, K);
    expect(values).toEqual(expected);
    return values;
  };

  it("rounds ties to even and reaches the limit on both sides", () => {
    expect([...quantize([4, 0.5, 1.5, -0.5, -1.5, 2.5, -2.5, 3.5, -4, 0], 4)]).toEqual([4, 0, 2, 0, -2, 2, -2, 4, -4, 0]);
    for (let seed = 0; seed < 200; seed++)
      expect(Math.max(...quantize([...randomFloats(9, seed, 10 ** (seed % 38))].map(Math.abs), 32767))).toBe(32767);
  });

  it("zeros, tiny rows, infinity and NaN", () => {
    quantize([0, 0, 0], 32767);
    quantize([-0, 1e-40, 2e-39, 0, 0, 0, 0, 0, 0, 1e-44], 32767);
    quantize([1, Number.POSITIVE_INFINITY, -2], 32767);
    quantize([1, 2, 3, 4, 5, 6, 7, Number.NEGATIVE_INFINITY, 2], 100);
    quantize([1, Number.NaN, 3], 32767);
    quantize([1, 2, 3, 4, 5, 6, 7, 8, -Number.NaN], 32767);
    quantize([3.4e38, -3.4e38, 1e38, 7, 1e30, -1e37, 0, 2, 5], 32767);
  });
});

describe("dot8 loops with an exact dot product of either kind", () => {
  /** sum + the products of four neighbouring bytes, digits read as `kind`: what the relaxed instruction does where the probe accepts it. */
  const exactDot = (f: FunctionBuilder, kind: Dot8) => (weights: V128, digits: V128, sum: V128) => {
    const w = f.v128(weights);
    const d = f.v128(digits);
    const total = f.v128(sum);
    for (let byte = 0; byte < 4; byte++) {
      const left = 24 - 8 * byte;
      const digit = kind === "signed" ? i32x4.shr_s(i32x4.shl(d, left), 24) : i32x4.shr_u(i32x4.shl(d, left), 24);
      total.set(i32x4.add(total, i32x4.mul(i32x4.shr_s(i32x4.shl(w, left), 24), digit)));
    }
    return total;
  };

  it.each(["signed", "unsigned"] as const)("%s digits give the integers of the definition", (kind) => {
    const level: FeatureLevel = { fma: false, wide: false, dot8: kind };
    const bench = new Bench((module) => {
      defineQuantizeRows(module, level);
      definePackW8(module, level);
      const params = { i32: 6 } as const;
      module.function("sums", params, (f, out, x, xStride, weights, corrections, K) => {
        const sums = emitDot8(f, kind, { x, xStride, rows: 3, weights, NR: 8, first: 8, K, corrections }, exactDot(f, kind));
        for (const [r, row] of sums.entries()) for (const [c, sum] of row.entries()) f.storeV128(out, sum, 32 * r + 16 * c);
      });
    });
    for (const K of [1, 4, 26, 39, 384]) {
      bench.reset();
      const weight = w8Weight(16, K, 1);
      const w = new Int8Array(weight.bytes.buffer);
      const { panels, limit } = pack(bench, [weight]);
      const qStride = (K + 3) & ~3;
      const q = bench.bytes(6 * qStride);
      const xs = randomFloats(3 * K, 2);
      bench.kernels.quantizeRows!(q, bench.bytes(12), bench.floats(xs), 3, K, qStride, K, limit);
      const out = bench.bytes(96);
      bench.kernels.sums!(out, q, 2 * qStride, panels + 192, panels + 128, K);
      const sums = new Int32Array(bench.memory.buffer, out, 24);
      const row = new Int16Array(K);
      for (let m = 0; m < 3; m++) {
        quantizeActivationRow(row, xs, m * K, K, limit);
        for (let n = 8; n < 16; n++) {
          const exact = row.reduce((sum, value, k) => sum + value * w[n * K + k]!, 0);
          expect(sums[8 * m + n - 8]).toBe(exact);
        }
      }
    }
  });
});
