/**
 * What the contract promises beyond numbers: the same bits alone and in any batch, repeatable passes, frames, stretches, dense copies, errors.
 */

import { expect, it } from "vitest";
import { ShapeError } from "../../../src/errors.ts";
import type { Backend } from "../../../src/tensor/backend.ts";
import type { Mat } from "../../../src/tensor/mat.ts";
import { Sequences } from "../../../src/tensor/sequences.ts";
import { quantizeWeightRows } from "../../../src/tensor/w8.ts";
import type { WeightMatrix } from "../../../src/tensor/weights.ts";
import { expectSameBits, type Harness } from "./harness.ts";
import { dense, f32Weight, normals, sample, type Values } from "./samples.ts";

const C = 36;
const F = 50;
const HEADS = 3;

interface Layer {
  readonly qkv: ReturnType<Backend["linear"]>;
  readonly up: ReturnType<Backend["linear"]>;
  readonly down: ReturnType<Backend["linear"]>;
  readonly gamma: Mat;
  readonly beta: Mat;
}

function makeLayer(backend: Backend, dtype: "f32" | "w8"): Layer {
  const weight = (rows: number, cols: number, seed: number): WeightMatrix => {
    const values = sample(rows, cols, seed, 1 / Math.sqrt(cols));
    if (dtype === "f32") return f32Weight(values);
    const int8 = quantizeWeightRows(values.data, rows, cols);
    return { dtype: "I8", rows, cols, bytes: new Uint8Array(int8.values.buffer), scale: int8.scale };
  };
  return {
    qkv: backend.linear([weight(C, C, 50), weight(C, C, 51), weight(C, C, 52)], normals(3 * C, 53)),
    up: backend.linear([weight(F, C, 54)], normals(F, 55)),
    down: backend.linear([weight(C, F, 56)], normals(C, 57)),
    gamma: dense(backend, sample(1, C, 58)),
    beta: dense(backend, sample(1, C, 59)),
  };
}

/** An encoder layer without its output projection: every op that crosses or blocks rows, in the shape layers use them. */
function forward(backend: Backend, layer: Layer, input: Mat, sequences: Sequences): Mat[] {
  const { T } = sequences;
  const qkv = backend.alloc(T, 3 * C);
  backend.stretch(T, (rows) => backend.project(qkv.slice(rows), input.slice(rows), layer.qkv));
  const context = backend.alloc(T, C);
  const [q, k, v] = [qkv.columns(0, C), qkv.columns(C, C), qkv.columns(2 * C, C)];
  backend.attention(context, q, k, v, sequences, { heads: HEADS, scale: 1 / Math.sqrt(C / HEADS) });
  const out = backend.alloc(T, C);
  const { gamma, beta } = layer;
  backend.stretch(T, (rows) => {
    const hidden = backend.alloc(rows.count, F);
    backend.projectActivate(hidden, context.slice(rows), layer.up, "gelu");
    const down = backend.alloc(rows.count, C);
    backend.project(down, hidden, layer.down);
    backend.addLayerNorm(out.slice(rows), down, input.slice(rows), { gamma, beta, eps: 1e-12 });
  });
  const pooled = backend.alloc(sequences.B, C);
  backend.pool(pooled, out, sequences, "mean");
  const unit = backend.alloc(sequences.B, C);
  backend.normalize(unit, pooled);
  return [out, unit];
}

export function invariants(given: () => Harness): void {
  it.each(["f32", "w8"] as const)("%s: a sequence has the same bits alone and in any batch", async (dtype) => {
    const { backend } = given();
    const layer = makeLayer(backend, dtype);
    const texts = [1, 2, 3, 5, 8, 13, 30, 64, 101].map((S, i) => sample(S, C, 60 + i));
    const run = (chosen: readonly Values[]) => {
      const input = backend.constant(
        Float32Array.from(chosen.flatMap(({ data }) => Array.from(data))),
        chosen.reduce((T, { rows }) => T + rows, 0),
        C,
      );
      const sequences = new Sequences(chosen.map(({ rows }) => rows));
      return backend.pass(() => forward(backend, layer, input, sequences));
    };
    const alone = await Promise.all(texts.map((text) => run([text])));
    for (const order of [texts.map((_, i) => i), [8, 0, 3, 1], [2, 7, 2, 6, 5]]) {
      const [hidden, unit] = await run(order.map((i) => texts[i]!));
      let row = 0;
      order.forEach((i, b) => {
        const S = texts[i]!.rows;
        expectSameBits(hidden!.slice(row * C, (row + S) * C), alone[i]![0]!, `text ${i} as sequence ${b}`);
        expectSameBits(unit!.slice(b * C, (b + 1) * C), alone[i]![1]!, `vector of text ${i} as sequence ${b}`);
        row += S;
      });
    }
  });

  it("frames keep what was allocated before them and give back what was allocated inside", async () => {
    const { backend } = given();
    const x = dense(backend, sample(3, 4, 70));
    const run = () =>
      backend.pass(() => {
        const kept = backend.alloc(3, 4);
        backend.scale(kept, x, 2);
        for (let i = 0; i < 3; i++) {
          const shape = backend.frame(() => {
            const inside = backend.alloc(200, 300);
            backend.scale(inside.slice({ first: 0, count: 3 }).columns(0, 4), x, -1);
            return inside.shape;
          });
          expect(shape).toEqual([200, 300]);
        }
        const after = backend.alloc(3, 4);
        backend.add(after, kept, x);
        return [after, kept.columns(1, 2)];
      });
    const [sum, part] = await run();
    expect(sum).toEqual(sample(3, 4, 70).data.map((v) => Math.fround(v * 2) + v));
    expect(part, "a dense copy of a view").toEqual(Float32Array.from([1, 2, 5, 6, 9, 10], (i) => sample(3, 4, 70).data[i]! * 2));
    expect(await run()).toEqual([sum, part]);
  });

  it("a pass that throws leaves the backend usable", async () => {
    const { backend } = given();
    const x = dense(backend, sample(2, 3, 71));
    await expect(
      backend.pass(() => {
        backend.alloc(5, 5);
        throw new Error("stop");
      }),
    ).rejects.toThrow("stop");
    expect(await given().run(2, 3, (out) => backend.scale(out, x, 1))).toEqual(sample(2, 3, 71).data);
  });

  it("a stretch visits every row once, in blocks", () => {
    const { backend } = given();
    for (const T of [1, 95, 96, 97, 200]) {
      const visits = new Uint8Array(T);
      backend.stretch(T, ({ first, count }) => {
        for (let t = first; t < first + count; t++) visits[t]!++;
      });
      expect(visits).toEqual(new Uint8Array(T).fill(1));
    }
  });

  it("shapes that do not fit and an out that is an input are ShapeErrors", async () => {
    const { backend } = given();
    const linear = backend.linear([f32Weight(sample(3, 4, 72))]);
    const [x, y] = [dense(backend, sample(2, 4, 73)), dense(backend, sample(2, 5, 74))];
    const wrong: (() => void)[] = [
      () => backend.project(backend.alloc(2, 4), x, linear),
      () => backend.project(backend.alloc(2, 3), y, linear),
      () => backend.add(backend.alloc(2, 4), x, y),
      () => backend.matmul(backend.alloc(2, 2), x, y),
      () => backend.layerNorm(backend.alloc(2, 4), x, { gamma: x, eps: 0 }),
      () => backend.scale(x, x, 2),
    ];
    for (const op of wrong) {
      const run = backend.pass(() => {
        op();
        return [];
      });
      await expect(run).rejects.toThrow(ShapeError);
    }
    expect(() => backend.linear([f32Weight(sample(3, 4, 72))], new Float32Array(2))).toThrow(ShapeError);
  });
}
