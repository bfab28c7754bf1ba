/**
 * The linear kernels against their definitions: packing + GEMM against float64 (error bound K u Σ|x w|, u = 2^-24) and, for mul+add, against a plain f32 loop to the bit;
 * W8A16 to the bit against the reference backend's integers; and the bits of a row alone, in any batch, at every tile.
 */
import { describe, expect, it } from "vitest";
import { projectW8 } from "../../../src/kernels/reference/project-w8.ts";
import type { V128 } from "../../../src/kernels/wasm/emitter/expression.ts";
import type { FunctionBuilder } from "../../../src/kernels/wasm/emitter/function.ts";
import { i32x4 } from "../../../src/kernels/wasm/emitter/simd.ts";
import { defineGemm } from "../../../src/kernels/wasm/gemm.ts";
import type { Tile } from "../../../src/kernels/wasm/gemm-tile.ts";
import { defineGemmW8 } from "../../../src/kernels/wasm/gemm-w8.ts";
import { emitDot8 } from "../../../src/kernels/wasm/gemm-w8-loops.ts";
import type { Dot8, FeatureLevel } from "../../../src/kernels/wasm/level.ts";
import { type PackingKernels, packedSize, packLinear } from "../../../src/kernels/wasm/pack.ts";
import { definePackKernels } from "../../../src/kernels/wasm/pack-kernels.ts";
import { definePackW8 } from "../../../src/kernels/wasm/pack-w8.ts";
import { exactDot8 } from "../../../src/kernels/wasm/probes.ts";
import { defineQuantizeRows } from "../../../src/kernels/wasm/quantize-rows.ts";
import { Mat } from "../../../src/tensor/mat.ts";
import { activationLimit, quantizeActivationRow, quantizeWeightRows } from "../../../src/tensor/w8.ts";
import { decodeMatrix } from "../../../src/tensor/weight-rows.ts";
import type { WeightMatrix } from "../../../src/tensor/weights.ts";
import { Bench, levelsHere, randomFloats } from "./harness.ts";

const tiles: Tile[] = [
  { MR: 4, NR: 8 },
  { MR: 6, NR: 8 },
  { MR: 6, NR: 16 },
  { MR: 5, NR: 16 },
];
/** [M, N, K]: one, around the tiles, primes, K odd and around vectors, N of heads and of a padded last panel, real shapes. */
const sizes: [number, number, number][] = [
  [1, 1, 1],
  [2, 2, 3],
  [3, 15, 5],
  [4, 16, 4],
  [5, 17, 7],
  [6, 16, 16],
  [7, 2, 31],
  [8, 33, 8],
  [11, 13, 17],
  [13, 9, 26],
  [9, 100, 37],
  [17, 312, 78],
  [8, 384, 384],
  [7, 48, 1536],
];
const GUARD = 5; // floats after each row of out and x that must stay, and not be read

function f32Weight(rows: number, cols: number, seed: number): WeightMatrix {
  return { dtype: "F32", rows, cols, bytes: new Uint8Array(randomFloats(rows * cols, seed).buffer) };
}

function w8Weight(rows: number, cols: number, seed: number): WeightMatrix {
  const { values, scale } = quantizeWeightRows(randomFloats(rows * cols, seed), rows, cols);
  return { dtype: "I8", rows, cols, bytes: new Uint8Array(values.buffer), scale };
}

function pack(bench: Bench, weights: readonly WeightMatrix[], bias?: Float32Array) {
  const { byteCount, stagingBytes } = packedSize(weights);
  const kernels = { ...bench.kernels, memory: bench.memory } as unknown as PackingKernels;
  const panels = bench.bytes(byteCount);
  const linear = packLinear(kernels, weights, bias, panels, bench.bytes(stagingBytes));
  expect(new Float32Array(bench.memory.buffer, panels + byteCount, 1)[0], "guard after the panels").toBeNaN();
  return linear;
}

/** x as rows with NaN between them. */
function guardedRows(values: Float32Array, rows: number, cols: number): Float32Array {
  const stride = cols + GUARD;
  const out = new Float32Array(rows * stride).fill(Number.NaN);
  for (let r = 0; r < rows; r++) out.set(values.subarray(r * cols, (r + 1) * cols), r * stride);
  return out;
}

function unguard(values: Float32Array, rows: number, cols: number): Float32Array {
  const stride = cols + GUARD;
  const out = new Float32Array(rows * cols);
  for (let r = 0; r < rows; r++) {
    out.set(values.subarray(r * stride, r * stride + cols), r * cols);
    for (let g = cols; g < stride; g++) expect(values[r * stride + g], `row ${r}: column ${g} is outside`).toBeNaN();
  }
  return out;
}

const levels = levelsHere();
const dot8 = exactDot8();
if (dot8) levels.push(["fused, dot8", { fma: true, wide: false, dot8 }]);

/** Rows of q as the kernels of a level store them, as int16 again. */
function readRow(bench: Bench, level: FeatureLevel, at: number, qStride: number, K: number): Int16Array {
  const { buffer } = bench.memory;
  if (!level.dot8) return new Int16Array(buffer, at, K).slice();
  const high = new Uint8Array(buffer, at, K);
  const low = new Uint8Array(buffer, at + qStride, K);
  const flip = level.dot8 === "signed" ? 0x80 : 0;
  return Int16Array.from(high, (digit, k) => (digit ^ flip) * 256 + (low[k]! ^ flip) - 32768);
}

for (const [name, level] of levels) {
  for (const tile of tiles) {
    describe(`linear kernels, ${name}, ${tile.MR}x${tile.NR}`, () => {
      const bench = new Bench((module) => {
        defineGemm(module, level, tile);
        defineGemmW8(module, level, tile);
        defineQuantizeRows(module, level);
        definePackKernels(module);
        definePackW8(module, level);
      });
      const { gemm, gemmPanels, gemmW8, gemmW8Panels, quantizeRows } = bench.kernels;

      it("gemm: float64 within the bound, plain f32 to the bit, any batch the same bits", () => {
        for (const [M, N, K] of sizes) {
          bench.reset();
          const weight = f32Weight(N, K, 1);
          const bias = randomFloats(N, 2);
          const xs = randomFloats(M * K, 3);
          const { panels } = pack(bench, [weight], bias);
          const x = bench.floats(guardedRows(xs, M, K));
          const out = bench.floats(guardedRows(new Float32Array(M * N), M, N));
          const read = () => unguard(bench.read(out, M * (N + GUARD)), M, N);
          gemm!(out, x, 0, panels, M, N, K, N + GUARD, K + GUARD);
          const result = read();
          const w = decodeMatrix(weight);
          for (let m = 0; m < M; m++) {
            for (let n = 0; n < N; n++) {
              let exact = bias[n]!;
              let magnitude = Math.abs(exact);
              let plain = bias[n]!; // takes sums of 128 products
              let chain = 0;
              for (let k = 0; k < K; k++) {
                const product = xs[m * K + k]! * w[n * K + k]!;
                exact += product;
                magnitude += Math.abs(product);
                chain = Math.fround(chain + Math.fround(product));
                if (k % 128 === 127 || k === K - 1) {
                  plain = Math.fround(plain + chain);
                  chain = 0;
                }
              }
              const value = result[m * N + n]!;
              if (!level.fma) expect(value).toBe(plain);
              if (!(Math.abs(value - exact) <= (Math.min(K, 128) + K / 128 + 2) * 2 ** -24 * magnitude))
                expect.fail(`${M}x${N}x${K} [${m}, ${n}]: ${value}, exact ${exact}`);
            }
          }
          for (let m = 0; m < M; m++) {
            const single = bench.bytes(4 * N);
            gemm!(single, x + 4 * m * (K + GUARD), 0, panels, 1, N, K, N, K);
            expect(bench.read(single, N), `row ${m} alone`).toEqual(result.subarray(m * N, (m + 1) * N));
          }
          // The same product by two halves of the panels.
          const half = Math.floor(Math.ceil(N / 16) / 2);
          const again = bench.floats(guardedRows(new Float32Array(M * N), M, N));
          gemmPanels!(again, x, 0, panels, M, N, K, N + GUARD, K + GUARD, half, Math.ceil(N / 16));
          gemmPanels!(again, x, 0, panels, M, N, K, N + GUARD, K + GUARD, 0, half);
          expect(unguard(bench.read(again, M * (N + GUARD)), M, N)).toEqual(result);
        }
      });

      it("gemmW8: sums at the ends of int32", () => {
        const [N, K] = [17, 3072];
        for (const magnitude of [127, -128]) {
          bench.reset();
          const values = new Int8Array(N * K).fill(magnitude);
          const weight: WeightMatrix = {
            dtype: "I8",
            rows: N,
            cols: K,
            bytes: new Uint8Array(values.buffer),
            scale: new Float32Array(N).fill(1),
          };
          const { limit, panels } = pack(bench, [weight]);
          const xs = new Float32Array(2 * K).fill(1, 0, K).fill(-1, K);
          const q = bench.bytes(4 * K);
          const rowScale = bench.bytes(8);
          quantizeRows!(q, rowScale, bench.floats(xs), 2, K, K, K, limit);
          const out = bench.bytes(8 * N);
          gemmW8!(out, q, rowScale, panels, 2, N, K, N, K);
          const sum = Math.fround(Math.fround(limit * magnitude * K) * Math.fround(1 / limit));
          expect(Math.abs(limit * magnitude * K)).toBeGreaterThan(0.99 * 2 ** 31);
          expect([...bench.read(out, 2 * N)]).toEqual([...new Array(N).fill(sum), ...new Array(N).fill(-sum)]);
        }
      });

      it("quantizeRows and gemmW8: the reference's bits", () => {
        for (const [M, N, K] of sizes) {
          bench.reset();
          const weight = w8Weight(N, K, 4);
          const values = new Int8Array(weight.bytes.buffer);
          const bias = randomFloats(N, 5);
          const xs = randomFloats(M * K, 6, 3);
          const linear = pack(bench, [weight], bias);
          expect(linear.limit).toBe(activationLimit(values, N, K));
          const qStride = (K + 3) & ~3;
          const q = bench.bytes(2 * M * qStride);
          const rowScale = bench.bytes(4 * M);
          const x = bench.floats(guardedRows(xs, M, K));
          quantizeRows!(q, rowScale, x, M, K, qStride, K + GUARD, linear.limit);
          const row = new Int16Array(K);
          for (let m = 0; m < M; m++) {
            expect(bench.read(rowScale + 4 * m, 1)[0]).toBe(quantizeActivationRow(row, xs, m * K, K, linear.limit));
            expect(readRow(bench, level, q + 2 * m * qStride, qStride, K)).toEqual(row);
          }
          const out = bench.floats(guardedRows(new Float32Array(M * N), M, N));
          gemmW8!(out, q, rowScale, linear.panels, M, N, K, N + GUARD, qStride);
          const expected = new Float32Array(M * N);
          projectW8(new Mat(expected, 0, M, N), new Mat(xs, 0, M, K), { values, scale: weight.scale!, bias, limit: linear.limit });
          expect(unguard(bench.read(out, M * (N + GUARD)), M, N)).toEqual(expected);
          const single = bench.bytes(4 * N);
          gemmW8!(single, q + 2 * (M - 1) * qStride, rowScale + 4 * (M - 1), linear.panels, 1, N, K, N, qStride);
          expect(bench.read(single, N)).toEqual(expected.subarray((M - 1) * N));
          const half = Math.ceil(N / 16) >> 1;
          const again = bench.floats(new Float32Array(M * N));
          gemmW8Panels!(again, q, rowScale, linear.panels, M, N, K, N, qStride, half, Math.ceil(N / 16));
          gemmW8Panels!(again, q, rowScale, linear.panels, M, N, K, N, qStride, 0, half);
          expect(bench.read(again, M * N)).toEqual(expected);
        }
      });
    });
  }
}

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
      const params = { out: "i32", x: "i32", xStride: "i32", weights: "i32", corrections: "i32", K: "i32" } as const;
      module.function("sums", params, (f, { out, x, xStride, weights, corrections, K }) => {
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
