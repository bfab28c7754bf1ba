/**
 * Every op of the wasm backend against the reference (float64 inside) over sizes around its vectors, tiles and blocks, with strided views.
 * Tolerances: a sum of K products has at most K roundings of its running magnitude; the tests allow sqrt(K) + a constant of them, and ask that to be far below the values.
 */
import { describe, expect, it } from "vitest";
import { ReferenceBackend } from "../../../src/kernels/reference/backend.ts";
import { WasmBackend } from "../../../src/kernels/wasm/backend.ts";
import type { Backend } from "../../../src/tensor/backend.ts";
import type { Mat } from "../../../src/tensor/mat.ts";
import { Sequences } from "../../../src/tensor/sequences.ts";
import type { WeightMatrix } from "../../../src/tensor/weights.ts";
import { levelsHere, randomFloats } from "./harness.ts";

const EPS = 2 ** -24;
const SIZES = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 26, 31, 48, 64, 97, 312, 384];

/** A [rows, cols] Mat of the numbers, as a view of a wider Mat so that its stride is not its width. */
function strided(backend: Backend, data: Float32Array, rows: number, cols: number): Mat {
  const wide = new Float32Array(rows * (cols + 3)).fill(Number.NaN);
  for (let t = 0; t < rows; t++) wide.set(data.subarray(t * cols, (t + 1) * cols), t * (cols + 3) + 2);
  return backend.constant(wide, rows, cols + 3).columns(2, cols);
}

function floatWeight(data: Float32Array, rows: number, cols: number): WeightMatrix {
  return { dtype: "F32", rows, cols, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
}

describe.each(levelsHere())("wasm backend, %s", (_name, level) => {
  /** Runs `ops` on both and expects the results within `tolerance` of each other, with some value at least 1000 tolerances large. */
  async function compare(prepare: (backend: Backend) => () => readonly Mat[], tolerance: number, label = ""): Promise<void> {
    const wasm = new WasmBackend(level);
    const reference = new ReferenceBackend();
    const actual = await wasm.pass(prepare(wasm));
    const expected = await reference.pass(prepare(reference));
    let largest = 0;
    for (const [i, values] of expected.entries()) {
      expect(actual[i]!.length).toBe(values.length);
      for (const [j, value] of values.entries()) {
        largest = Math.max(largest, Math.abs(value));
        const error = Math.abs(actual[i]![j]! - value);
        if (!(error <= tolerance))
          expect.fail(`${label} result ${i}, element ${j}: ${actual[i]![j]} instead of ${value}, tolerance ${tolerance}`);
      }
    }
    if (tolerance > 0) expect(largest).toBeGreaterThan(1000 * tolerance);
  }
  const unary =
    (op: (backend: Backend, out: Mat, x: Mat) => void, rows: number, cols: number, scale = 1) =>
    (backend: Backend) => {
      const x = strided(backend, randomFloats(rows * cols, rows + cols, scale), rows, cols);
      return () => {
        const out = backend.alloc(rows, cols + 1).columns(0, cols);
        op(backend, out, x);
        return [out];
      };
    };

  it.each(SIZES)("element-wise ops, %i columns", async (cols) => {
    const gain = randomFloats(cols, 5);
    await compare(
      (backend) => {
        const a = strided(backend, randomFloats(3 * cols, 1), 3, cols);
        const b = strided(backend, randomFloats(3 * cols, 2), 3, cols);
        const gains = backend.constant(gain, 1, cols);
        return () => {
          const outs = Array.from({ length: 4 }, () => backend.alloc(3, cols));
          backend.add(outs[0]!, a, b);
          backend.multiply(outs[1]!, a, b);
          backend.scale(outs[2]!, a, 0.37);
          backend.scaleShift(outs[3]!, a, gains, gains);
          return outs;
        };
      },
      2 * EPS * 2,
    );
    for (const activation of ["gelu", "gelu_tanh", "silu", "relu", "tanh", "sigmoid", "quick_gelu"] as const) {
      await compare(
        unary((backend, out, x) => backend.activate(out, x, activation), 8, cols, 4),
        3e-7 * 4,
        activation,
      );
    }
  });

  it.each(SIZES)("norms and softmax, %i columns", async (cols) => {
    const gamma = randomFloats(cols, 7);
    const beta = randomFloats(cols, 8);
    const norms = (backend: Backend) => {
      const norm = { gamma: backend.constant(gamma, 1, cols), beta: backend.constant(beta, 1, cols), eps: 1e-5 };
      return [norm, { gamma: norm.gamma, eps: 1e-12 }];
    };
    // The standardised value is at most sqrt(C); its relative error some ulps of the mean's and the variance's sums.
    await compare(
      (backend) => {
        const [norm, bare] = norms(backend);
        const a = strided(
          backend,
          randomFloats(3 * cols, 1).map((value) => value + 5),
          3,
          cols,
        );
        const b = strided(backend, randomFloats(3 * cols, 2), 3, cols);
        return () => {
          const outs = Array.from({ length: 3 }, () => backend.alloc(3, cols));
          backend.layerNorm(outs[0]!, b, norm!);
          if (cols > 2) backend.layerNorm(outs[1]!, b, bare!);
          else backend.layerNorm(outs[1]!, b, norm!);
          backend.addLayerNorm(outs[2]!, a, b, norm!);
          return outs;
        };
      },
      cols === 2 ? 2e-4 : 64 * EPS * 4, // two columns differ by little: their difference over its own size
      "layerNorm",
    );
    await compare(
      unary((backend, out, x) => backend.softmax(out, x), 5, cols, 6),
      16 * EPS,
      "softmax",
    );
    await compare(
      unary((backend, out, x) => backend.normalize(out, x), 5, cols, 6),
      8 * EPS,
      "normalize",
    );
  });

  it("softmax of large rows with windows", async () => {
    for (const S of [1, 5, 16, 33, 97]) {
      for (const window of [0, 1, 7, 40])
        await compare(
          unary((backend, out, x) => backend.softmax(out, x, window), S, S, 20),
          16 * EPS,
          `window ${window}`,
        );
    }
  });

  it("products of every shape", async () => {
    for (const [M, N, K] of [
      [1, 1, 1],
      [2, 3, 5],
      [7, 16, 8],
      [13, 17, 31],
      [48, 33, 26],
      [97, 64, 384],
      [5, 312, 312],
    ] as const) {
      const weight = floatWeight(randomFloats(N * K, 3), N, K);
      const bias = randomFloats(N, 4);
      const tolerance = (Math.sqrt(K) + 4) * EPS * Math.max(Math.sqrt(K) / 3, 1) * 3;
      await compare(
        (backend) => {
          const linear = backend.linear([weight], bias);
          const x = strided(backend, randomFloats(M * K, 1), M, K);
          const bT = strided(backend, randomFloats(N * K, 2), N, K);
          const b = strided(backend, randomFloats(N * K, 2), K, N);
          return () => {
            const outs = Array.from({ length: 4 }, () => backend.alloc(M, N + 5).columns(1, N));
            backend.project(outs[0]!, x, linear);
            backend.projectActivate(outs[1]!, x, linear, "gelu");
            backend.matmul(outs[2]!, x, bT, { transposeB: true });
            backend.matmul(outs[3]!, x, b);
            return outs;
          };
        },
        tolerance,
        `${M} ${N} ${K}`,
      );
    }
  });

  it("lookups in tables of every dtype", async () => {
    for (const cols of [1, 3, 4, 26, 31, 384]) {
      const rows = 9;
      const halves = Uint16Array.from({ length: rows * cols }, (_, i) => (i * 2654435761) >>> 16);
      for (let i = 0; i < halves.length; i++) if ((halves[i]! & 0x7c00) === 0x7c00) halves[i]! &= 0xbfff; // no infinities: they would hide in comparisons
      const tables: WeightMatrix[] = [
        floatWeight(randomFloats(rows * cols, 1), rows, cols),
        { dtype: "F16", rows, cols, bytes: new Uint8Array(halves.buffer) },
        { dtype: "BF16", rows, cols, bytes: new Uint8Array(halves.map((value) => (value & 0x807f) | 0x3f00).buffer) },
        { dtype: "F64", rows, cols, bytes: new Uint8Array(Float64Array.from(randomFloats(rows * cols, 9)).buffer) },
        {
          dtype: "I8",
          rows,
          cols,
          bytes: new Uint8Array(Int8Array.from({ length: rows * cols }, (_, i) => i * 37).buffer),
          scale: randomFloats(rows, 6),
        },
      ];
      const indices = Int32Array.of(3, 4, 5, -1, 8, 0, 0, -1);
      for (const table of tables) {
        await compare(
          (backend) => {
            const handle = backend.table(table);
            return () => {
              const out = backend.alloc(indices.length, cols + 1).columns(0, cols);
              backend.gather(out, handle, indices);
              const sum = backend.alloc(indices.length, cols);
              backend.embed(sum, [
                { table: handle, indices },
                { table: handle, indices: indices.map((i) => Math.min(i + 1, 8)) },
              ]);
              const taken = backend.alloc(4, cols);
              backend.take(taken, out, Int32Array.of(7, -1, 0, 2));
              return [out, sum, taken];
            };
          },
          0,
          table.dtype,
        );
      }
    }
  });

  it("rotates heads", async () => {
    for (const half of [1, 2, 4, 13, 32]) {
      await compare((backend) => {
        const x = strided(backend, randomFloats(5 * 6 * half, 1), 5, 6 * half);
        const cos = backend.constant(randomFloats(11 * half, 2), 11, half);
        const sin = backend.constant(randomFloats(11 * half, 3), 11, half);
        return () => {
          const out = backend.alloc(5, 6 * half);
          backend.rotate(out, x, { cos, sin, positions: Int32Array.of(0, 10, 3, 3, 1), heads: 3 });
          return [out];
        };
      }, 4 * EPS);
    }
  });

  it("pools sequences", async () => {
    for (const cols of [1, 3, 8, 26, 384]) {
      const sequences = new Sequences([1, 3, 16, 17, 100]);
      for (const mode of ["mean", "max", "meanSqrtLen", "weightedMean"] as const) {
        await compare(
          (backend) => {
            const x = strided(backend, randomFloats(sequences.T * cols, 1), sequences.T, cols);
            return () => {
              const out = backend.alloc(sequences.B, cols);
              backend.pool(out, x, sequences, mode);
              return [out];
            };
          },
          mode === "max" ? 0 : 40 * EPS,
          mode,
        );
      }
    }
  });

  it("attends: heads of every width, windows, relative terms, probabilities", async () => {
    const sequences = new Sequences([1, 2, 15, 16, 17, 47, 48, 49, 101]);
    const bucketOf = (distance: number) => Math.min(Math.max(distance + 6, 0), 12);
    for (const D of [1, 4, 8, 26, 32, 64]) {
      for (const window of [undefined, 0, 5, 20]) {
        for (const by of [undefined, "head", "query", "key"] as const) {
          const heads = 3;
          const C = heads * D;
          await compare(
            (backend) => {
              const qkv = backend.constant(randomFloats(sequences.T * 3 * C, 1, 2), sequences.T, 3 * C);
              const table = backend.constant(randomFloats(13 * (by === "head" ? heads : C), 2), 13, by === "head" ? heads : C);
              return () => {
                const out = backend.alloc(sequences.T, C);
                const probs = Array.from({ length: sequences.B }, (_, b) =>
                  backend.alloc(heads * sequences.lengthOf(b), sequences.lengthOf(b)),
                );
                backend.attention(out, qkv.columns(0, C), qkv.columns(C, C), qkv.columns(2 * C, C), sequences, {
                  heads,
                  scale: 1 / Math.sqrt(D),
                  window,
                  probs,
                  relative: by && [{ table, bucketOf, by }],
                });
                return [out, ...probs];
              };
            },
            // scores reach about 4 sqrt(D): exp magnifies their rounding by as much
            (16 + 16 * Math.sqrt(D)) * EPS * 2,
            `D ${D}, window ${window}, by ${by}`,
          );
        }
      }
    }
  }, 120_000);
});
