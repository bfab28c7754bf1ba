/** TraceBackend: zeros of the right size, and counts worked out by hand for one small block. */

import { describe, expect, it } from "vitest";
import { Sequences } from "../../src/tensor/sequences.ts";
import { TraceBackend, type TraceOptions } from "../../src/tensor/trace.ts";
import type { WeightMatrix } from "../../src/tensor/weights.ts";

const f32 = (rows: number, cols: number): WeightMatrix => ({ dtype: "F32", rows, cols, bytes: new Uint8Array(rows * cols * 4) });

/** T = 5 tokens in sequences of 2 and 3; C = 4, H = 2, D = 2. */
async function run(options: TraceOptions): Promise<{ backend: TraceBackend; results: Float32Array[] }> {
  const backend = new TraceBackend(options);
  const sequences = new Sequences([2, 3]);
  const table = backend.table(f32(10, 4));
  const int8: WeightMatrix = { dtype: "I8", rows: 12, cols: 4, bytes: new Uint8Array(48), scale: new Float32Array(12) };
  const linear = backend.linear([int8], new Float32Array(12));
  const gamma = backend.constant(new Float32Array(4), 1, 4);
  const results = await backend.pass(() => {
    const x = backend.alloc(5, 4);
    backend.embed(x, [
      { table, indices: new Int32Array(5) },
      { table, indices: new Int32Array(5) },
    ]);
    const qkv = backend.alloc(5, 12);
    backend.project(qkv, x, linear);
    const context = backend.alloc(5, 4);
    backend.attention(context, qkv.columns(0, 4), qkv.columns(4, 4), qkv.columns(8, 4), sequences, { heads: 2, scale: 0.7, window: 1 });
    const out = backend.alloc(5, 4);
    backend.stretch(5, (rows) => backend.addLayerNorm(out.slice(rows), x.slice(rows), context.slice(rows), { gamma, eps: 1e-12 }));
    return [out, qkv.columns(2, 3)];
  });
  return { backend, results };
}

describe("TraceBackend", () => {
  it("returns zeros of the right size", async () => {
    const { results } = await run({});
    expect(results).toEqual([new Float32Array(20), new Float32Array(15)]);
  });

  it("counts operations, bytes and scratch", async () => {
    const { backend } = await run({});
    const pairs = 4 + 7; // all of 2 x 2; of 3 x 3 all but (0, 2) and (2, 0)
    expect(backend.records).toEqual([
      { op: "embed", rows: 5, cols: 4, flops: 20, bytes: 4 * 60, scratch: 20 },
      { op: "project w8", rows: 5, cols: 12, K: 4, flops: 2 * 5 * 12 * 4, bytes: 4 * 20 + (48 + 48 + 48) + 4 * 60, scratch: 80 + 15 },
      { op: "attention", rows: 5, cols: 4, K: 2, flops: 2 * pairs * (4 * 2 + 6), bytes: 4 * 80, scratch: 100 },
      { op: "addLayerNorm", rows: 5, cols: 4, flops: 160, bytes: 4 * (60 + 4), scratch: 120 },
    ]);
    expect(backend.peakScratch).toBe(120);
    expect(backend.totalFlops).toBe(20 + 480 + 308 + 160);
  });

  it("shows the primitives on request, and blocks of a stretch", async () => {
    const { backend } = await run({ expand: true, blockRows: 2 });
    const ops = backend.records.map(({ op }) => op);
    const head = ["matmul", "scale", "softmax", "matmul"];
    expect(ops).toEqual([
      ...["gather", "gather", "add", "project w8"],
      ...[...head, ...head, ...head, ...head],
      ...["add", "layerNorm", "add", "layerNorm", "add", "layerNorm"],
    ]);
  });
});
