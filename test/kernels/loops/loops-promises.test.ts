/**
 * What the loops promise beyond the conformance suite: the reference's own bits wherever no exp or erf is involved, GELU within one rounding of it,
 * and no memory allocated for shapes seen before.
 */

import { describe, expect, it } from "vitest";
import { LoopsBackend } from "../../../src/kernels/loops/backend.ts";
import { geluInto } from "../../../src/kernels/loops/normal-cdf.ts";
import { ACTIVATIONS } from "../../../src/kernels/reference/activate.ts";
import { ReferenceBackend } from "../../../src/kernels/reference/backend.ts";
import type { Backend } from "../../../src/tensor/backend.ts";
import type { Mat } from "../../../src/tensor/mat.ts";
import { Sequences } from "../../../src/tensor/sequences.ts";
import { quantizeWeightRows } from "../../../src/tensor/w8.ts";
import { expectSameBits } from "../conformance/harness.ts";
import { dense, f32Weight, normals, sample, strided } from "../conformance/samples.ts";

describe("loops and reference", () => {
  it.each([
    [1, 7, 5],
    [5, 33, 18],
    [100, 384, 31],
  ])("same bits: M = %i, K = %i, N = %i", async (M, K, N) => {
    const x = sample(M, K, 1, 2);
    const w = sample(N, K, 2);
    const int8 = quantizeWeightRows(w.data, N, K);
    const run = (backend: Backend) => {
      const a = strided(backend, x);
      const f32 = backend.linear([f32Weight(w)], normals(N, 3));
      const w8 = backend.linear(
        [{ dtype: "I8", rows: N, cols: K, bytes: new Uint8Array(int8.values.buffer), scale: int8.scale }],
        normals(N, 3),
      );
      const norm = { gamma: dense(backend, sample(1, K, 4)), beta: dense(backend, sample(1, K, 5)), eps: 1e-12 };
      const b = dense(backend, w);
      return backend.pass(() => {
        const results: Mat[] = [];
        const next = (rows: number, cols: number) => results[results.push(backend.alloc(rows, cols)) - 1]!;
        backend.project(next(M, N), a, f32);
        backend.project(next(M, N), a, w8);
        backend.matmul(next(M, N), a, b, { transposeB: true });
        backend.layerNorm(next(M, K), a, norm);
        backend.addLayerNorm(next(M, K), a, dense(backend, x), norm);
        return results;
      });
    };
    const expected = await run(new ReferenceBackend());
    const found = await run(new LoopsBackend());
    ["project f32", "project w8", "matmul", "layerNorm", "addLayerNorm"].forEach((op, i) => {
      expectSameBits(found[i]!, expected[i]!, op);
    });
  });

  it("GELU from the table is within one f32 rounding of the reference over the whole line", () => {
    const line = Float32Array.from({ length: 64_001 }, (_, i) => (i - 32_000) / 2000); // [-16, 16]
    const found = new Float32Array(line.length);
    geluInto(found, 0, line, 0, line.length);
    line.forEach((x, i) => {
      const exact = ACTIVATIONS.gelu(x);
      // Half an ulp, and the Taylor remainder in the far left tail, where the value is below 1e-6.
      const bound = Math.abs(exact) * (x < -5 ? 6e-7 : 2 ** -24 * 1.001) + 2 ** -149;
      if (!(Math.abs(found[i]! - exact) <= bound)) expect.fail(`gelu(${x}) = ${found[i]}, expected ${exact}`);
    });
    const odd = Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 1e30);
    geluInto(odd, 0, odd, 0, 5);
    expect(odd).toEqual(Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, Number.NaN, -0, 1e30));
  });
});

describe("memory", () => {
  it("a pass at a shape seen before allocates nothing, and all of it is free between passes", async () => {
    const backend = new LoopsBackend();
    const C = 48;
    const linear = backend.linear([f32Weight(sample(C, C, 6))], normals(C, 7));
    const int8 = quantizeWeightRows(normals(C * C, 8), C, C);
    const w8 = backend.linear([{ dtype: "I8", rows: C, cols: C, bytes: new Uint8Array(int8.values.buffer), scale: int8.scale }]);
    const pass = (lengths: number[]) => {
      const sequences = new Sequences(lengths);
      const input = dense(backend, sample(sequences.T, C, 9));
      return backend.pass(() => {
        const hidden = backend.alloc(sequences.T, C);
        backend.projectActivate(hidden, input, linear, "gelu");
        const second = backend.alloc(sequences.T, C);
        backend.project(second, hidden, w8);
        const context = backend.alloc(sequences.T, C);
        backend.attention(context, hidden, hidden, second, sequences, { heads: 4, scale: 0.3 });
        return [context];
      });
    };
    const shapes = [[3, 50], [2000], [7]];
    const first: Float32Array[][] = [];
    for (const lengths of shapes) first.push(await pass(lengths));
    const { slabs, capacity } = backend.scratch;
    for (const [i, lengths] of shapes.entries()) expect(await pass(lengths)).toEqual(first[i]);
    expect(backend.scratch).toEqual({ slabs, capacity, inUse: 0 });
    expect(capacity).toBeGreaterThan(3 * 2000 * C);
    backend.dispose();
    expect(backend.scratch.capacity).toBe(0);
    await expect(pass([1])).rejects.toThrow("disposed");
  });
});
