/**
 * Conformance of the row-local primitives: lookups, element-wise ops, activations, norms, softmax, rotation, pooling.
 * Sizes are those where vector code goes wrong: 1, one below and above powers of two, primes, TinyBERT's D = 26 and C = 312.
 */

import { expect, it } from "vitest";
import type { Activation } from "../../../src/tensor/activations.ts";
import type { PoolMode } from "../../../src/tensor/backend.ts";
import { Sequences } from "../../../src/tensor/sequences.ts";
import type { WeightDType } from "../../../src/tensor/weights.ts";
import type { Harness } from "./harness.ts";
import { ACTIVATION_ORACLES, at, expected, layerNormOracle, softmaxOracle, sumError, TINY, U } from "./oracle.ts";
import { dense, normals, sample, strided, weightOf } from "./samples.ts";

export const SHAPES: readonly (readonly [rows: number, cols: number])[] = [
  [1, 1],
  [2, 3],
  [3, 4],
  [5, 5],
  [4, 7],
  [7, 8],
  [1, 16],
  [9, 17],
  [3, 26],
  [13, 31],
  [2, 312],
  [97, 33],
];

const DTYPES: readonly WeightDType[] = ["F64", "F32", "F16", "BF16", "I8"];
const ACTIVATIONS: readonly Activation[] = ["gelu", "gelu_tanh", "quick_gelu", "relu", "silu", "tanh", "sigmoid"];
const POOLS: readonly PoolMode[] = ["mean", "max", "meanSqrtLen", "weightedMean"];

export function lookups(given: () => Harness): void {
  it.each(DTYPES)("gather decodes rows of a %s table, with -1 as a zero row", async (dtype) => {
    const { backend } = given();
    for (const cols of [1, 7, 16, 26, 33]) {
      const { weight, values } = weightOf(dtype, 11, cols, cols);
      const indices = Int32Array.of(10, 0, -1, 3, 3);
      const exact = expected(5, cols, (n, c) => [indices[n] === -1 ? 0 : at(values, indices[n]!, c), 0]);
      const table = backend.table(weight);
      await given().check(exact, (out) => backend.gather(out, table, indices));
    }
  });
  it("take copies rows of a view, with -1 as a zero row", async () => {
    const { backend } = given();
    for (const [rows, cols] of SHAPES) {
      const x = sample(rows, cols, 3);
      const mat = strided(backend, x);
      const indices = Int32Array.from({ length: rows + 2 }, (_, n) => (n === 1 ? -1 : (n * 7) % rows));
      const exact = expected(rows + 2, cols, (n, c) => [indices[n] === -1 ? 0 : at(x, indices[n]!, c), 0]);
      await given().check(exact, (out) => backend.take(out, mat, indices));
    }
  });
}

export function elementwise(given: () => Harness): void {
  it.each(SHAPES)("add, multiply, scale round once; scaleShift at most twice: [%i, %i]", async (rows, cols) => {
    const { backend } = given();
    const [x, y] = [sample(rows, cols, 1), sample(rows, cols, 2)];
    const [a, b] = [strided(backend, x), dense(backend, y)];
    const once = (f: (r: number, c: number) => number) => expected(rows, cols, (r, c) => [Math.fround(f(r, c)), 0]);
    await given().check(
      once((r, c) => at(x, r, c) + at(y, r, c)),
      (out) => backend.add(out, a, b),
    );
    await given().check(
      once((r, c) => at(x, r, c) * at(y, r, c)),
      (out) => backend.multiply(out, a, b),
    );
    await given().check(
      once((r, c) => at(x, r, c) * Math.fround(0.1767767)),
      (out) => backend.scale(out, a, 0.1767767),
    );
    const [gain, shift] = [sample(1, cols, 3), sample(1, cols, 4)];
    const affine = expected(rows, cols, (r, c) => {
      const product = at(x, r, c) * gain.data[c]!;
      return [product + shift.data[c]!, U * (2 * Math.abs(product) + Math.abs(shift.data[c]!))];
    });
    const [g, s] = [strided(backend, gain), strided(backend, shift)];
    await given().check(affine, (out) => backend.scaleShift(out, a, g, s));
  });

  it.each(ACTIVATIONS)("%s over the whole line", async (activation) => {
    const { backend } = given();
    const f = ACTIVATION_ORACLES[activation];
    const error = given().activationError(activation);
    const line = Float32Array.from({ length: 701 }, (_, i) => (i - 350) / 25).map((x, i) => (i % 7 === 3 ? x * 2 : x));
    for (const [rows, cols] of [[1, 701] as const, [7, 97] as const]) {
      const x = { rows, cols, data: line.subarray(0, rows * cols) };
      const oracle = expected(rows, cols, (r, c) => {
        const y = f(at(x, r, c));
        return [y, error * Math.max(1, Math.abs(y))];
      });
      const mat = strided(backend, x);
      await given().check(oracle, (out) => backend.activate(out, mat, activation));
    }
  });
}

export function rows(given: () => Harness): void {
  it.each(SHAPES.filter(([, cols]) => cols > 1))("layerNorm with and without beta: [%i, %i]", async (rows, cols) => {
    const { backend } = given();
    const x = sample(rows, cols, 5, 3);
    const [gamma, beta] = [sample(1, cols, 6), sample(1, cols, 7)];
    const [mat, gammaMat, betaMat] = [strided(backend, x), dense(backend, gamma), strided(backend, beta)];
    for (const eps of [1e-12, 1e-5, 0.1]) {
      const withBeta = layerNormOracle(x, gamma.data, beta.data, eps);
      await given().check(withBeta, (out) => backend.layerNorm(out, mat, { gamma: gammaMat, beta: betaMat, eps }));
      await given().check(layerNormOracle(x, gamma.data, undefined, eps), (out) => backend.layerNorm(out, mat, { gamma: gammaMat, eps }));
    }
  });

  it.each([...SHAPES, [5, 130] as const, [33, 33] as const])("softmax, with and without a window: [%i, %i]", async (rows, cols) => {
    const { backend } = given();
    const x = sample(rows, cols, 8, 4);
    const mat = strided(backend, x);
    await given().check(softmaxOracle(x, Number.POSITIVE_INFINITY, given().exp), (out) => backend.softmax(out, mat));
    for (const window of [1, 5]) {
      // A row whose window lies beyond the last column has nothing to add up: only rows up to cols - 1 + window are defined.
      if (rows - 1 - window > cols - 1) continue;
      await given().check(softmaxOracle(x, window, given().exp), (out) => backend.softmax(out, mat, window));
    }
  });

  it("softmax survives large and equal scores", async () => {
    const { backend } = given();
    const x = { rows: 2, cols: 5, data: Float32Array.of(3e38, -3e38, 0, 1, 3e38, 88, 88, 88, 88, 88) };
    const mat = dense(backend, x);
    const result = await given().run(2, 5, (out) => backend.softmax(out, mat));
    [0.5, 0, 0, 0, 0.5, 0.2, 0.2, 0.2, 0.2, 0.2].forEach((p, i) => {
      expect(Math.abs(result[i]! - p)).toBeLessThanOrEqual(p * (2 * given().exp + 10 * U));
    });
  });

  it.each([
    [1, 1, 2],
    [5, 3, 4],
    [7, 12, 26],
    [9, 2, 64],
  ] as const)("rotate: T = %i, H = %i, D = %i", async (T, H, D) => {
    const { backend } = given();
    const x = sample(T, H * D, 9);
    const [cos, sin] = [sample(20, D / 2, 10), sample(20, D / 2, 11)];
    const positions = Int32Array.from({ length: T }, (_, t) => (t * 3) % 20);
    const oracle = expected(T, H * D, (t, c) => {
      const inHead = c % D;
      const angle = inHead % (D / 2);
      const isFirst = inHead < D / 2;
      const other = at(x, t, isFirst ? c + D / 2 : c - D / 2) * at(sin, positions[t]!, angle);
      const own = at(x, t, c) * at(cos, positions[t]!, angle);
      return [isFirst ? own - other : own + other, 2 * U * (Math.abs(own) + Math.abs(other))];
    });
    const rotary = { cos: dense(backend, cos), sin: dense(backend, sin), positions, heads: H };
    const mat = strided(backend, x);
    await given().check(oracle, (out) => backend.rotate(out, mat, rotary));
  });

  it.each(POOLS)("pool %s", async (mode) => {
    const { backend } = given();
    const lengths = [1, 5, 2, 17];
    for (const C of [1, 7, 26, 33]) {
      const x = sample(25, C, 12);
      const oracle = expected(4, C, (b, c) => {
        const first = lengths.slice(0, b).reduce((sum, S) => sum + S, 0);
        const values = Array.from({ length: lengths[b]! }, (_, s) => at(x, first + s, c));
        if (mode === "max") return [Math.max(...values), 0];
        const S = values.length;
        const weights = values.map((_, s) => (mode === "weightedMean" ? s + 1 : 1));
        const total = mode === "weightedMean" ? (S * (S + 1)) / 2 : mode === "mean" ? S : Math.sqrt(S);
        const sum = values.reduce((acc, v, s) => acc + v * weights[s]!, 0);
        const magnitude = values.reduce((acc, v, s) => acc + Math.abs(v) * weights[s]!, 0);
        return [sum / total, ((sumError(S) + 4) * U * magnitude) / total];
      });
      const mat = strided(backend, x);
      await given().check(oracle, (out) => backend.pool(out, mat, new Sequences(lengths), mode));
    }
  });

  it("normalize gives unit rows of small rows too, and leaves a zero row zero", async () => {
    const { backend } = given();
    for (const C of [1, 3, 17, 384]) {
      const data = normals(3 * C, 13).map((v, i) => (i < C ? v : i < 2 * C ? 0 : v * 1e-6));
      const x = { rows: 3, cols: C, data };
      const norms = [0, 1, 2].map((t) => Math.max(1e-12, Math.hypot(...Array.from(x.data.subarray(t * C, (t + 1) * C)))));
      const oracle = expected(3, C, (t, c) => {
        const y = at(x, t, c) / norms[t]!;
        return [y, Math.abs(y) * (sumError(C) + 4) * U + TINY];
      });
      const mat = strided(backend, x);
      await given().check(oracle, (out) => backend.normalize(out, mat));
    }
  });
}
