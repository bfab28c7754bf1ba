/**
 * The linear kernels against their definitions: packing + GEMM against float64 (error bound K u Σ|x w|, u = 2^-24) and, for mul+add, against a plain f32 loop to the bit;
 * W8A16 to the bit against the reference backend's integers; and the bits of a row alone, in any batch, at every tile.
 */
import { describe, expect, it } from "vitest";
import { projectW8 } from "../../../src/kernels/reference/project-w8.ts";
import { defineGemm } from "../../../src/kernels/wasm/gemm.ts";
import type { Tile } from "../../../src/kernels/wasm/gemm-tile.ts";
import { defineGemmW8, widenedBytes } from "../../../src/kernels/wasm/gemm-w8.ts";
import { definePackKernels } from "../../../src/kernels/wasm/pack-kernels.ts";
import { definePackW8 } from "../../../src/kernels/wasm/pack-w8.ts";
import { defineQuantizeRows } from "../../../src/kernels/wasm/quantize-rows.ts";
import { Mat } from "../../../src/tensor/mat.ts";
import { activationLimit, quantizeActivationRow } from "../../../src/tensor/w8.ts";
import { decodeMatrix } from "../../../src/tensor/weight-rows.ts";
import type { WeightMatrix } from "../../../src/tensor/weights.ts";
import { Bench, randomFloats } from "./harness.ts";
import { f32Weight, GUARD, guardedRows, levels, pack, readRow, unguard, w8Weight } from "./linear-cases.ts";

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
  [24, 32, 9], // widened panels of int8
  [31, 33, 78],
  [50, 17, 8200], // blocks of rows
];

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
          gemmPanels!(again, x, 0, panels, M, N, K, N + GUARD, K + GUARD, half, Math.ceil(N / 16), 0);
          gemmPanels!(again, x, 0, panels, M, N, K, N + GUARD, K + GUARD, 0, half, 0);
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
          const scratch = bench.bytes(widenedBytes(K));
          gemmW8Panels!(again, q, rowScale, linear.panels, M, N, K, N, qStride, half, Math.ceil(N / 16), scratch);
          gemmW8Panels!(again, q, rowScale, linear.panels, M, N, K, N, qStride, 0, half, scratch);
          expect(bench.read(again, M * N)).toEqual(expected);
        }
      });
    });
  }
}
