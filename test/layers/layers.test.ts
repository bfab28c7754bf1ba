/**
 * Layers against their formulas in plain float64, on the reference backend: which tensors they ask for, and what they compute.
 * The reference rounds to f32 once an op, so that a layer of a few ops on values below ten errs by a few 1e-6.
 */
import { describe, expect, test } from "vitest";
import { Embeddings } from "../../src/layers/embeddings.ts";
import { Head } from "../../src/layers/head.ts";
import { loadNorm } from "../../src/layers/layer-norm.ts";
import { loadLinear } from "../../src/layers/linear.ts";
import { Pooler } from "../../src/layers/pooler.ts";
import { type BlockNames, finishPostNorm, loadPostNormBlock } from "../../src/layers/post-norm-block.ts";
import type { TokenBatch } from "../../src/layers/tokens.ts";
import { Sequences } from "../../src/tensor/sequences.ts";
import { attend, difference, layerNorm, linear, mat, plus, RandomWeights, type Rows, randoms, rowsOf } from "./tensors.ts";

const CLOSE = 5e-6;
const C = 6;

describe("linear", () => {
  test("modules are stacked by rows, biases with them; without bias none is asked for", async () => {
    const weights = new RandomWeights();
    const stacked = await loadLinear(weights, ["a", "b"], 3, C, { role: "encoder" });
    expect(stacked).toMatchObject({ N: 6, K: C });
    expect(weights.asked).toEqual(["a.weight [3,6]", "a.bias [3]", "b.weight [3,6]", "b.bias [3]"]);
    const x = rowsOf(randoms(2 * C, 9), C);
    const out = weights.backend.alloc(2, 6);
    weights.backend.project(out, mat(x), stacked);
    const part = (name: string) => linear(x, weights.of(`${name}.weight`), weights.of(`${name}.bias`));
    const [a, b] = [part("a"), part("b")];
    expect(
      difference(
        out,
        a.map((row, t) => [...row, ...b[t]!]),
      ),
    ).toBeLessThan(CLOSE);
    await loadLinear(weights, "c", 2, C, { role: "head", bias: false });
    expect(weights.asked.slice(4)).toEqual(["c.weight [2,6]"]);
    expect(weights.roles.get("c.weight")).toBe("head");
  });
});

describe("embeddings", () => {
  const batch: TokenBatch = { ids: Int32Array.of(4, 0, 4, 2), typeIds: Int32Array.of(0, 1, 1, 0), sequences: new Sequences([3, 1]) };
  const positions = Int32Array.of(0, 1, 2, 0);
  const sizes = { V: 5, P: 4, E: C, C, typeCount: 2, eps: 1e-5 };
  const names = { words: "words", positions: "places", types: "types", norm: "norm" };
  const sum = (weights: RandomWeights, hasTypes: boolean): Rows => {
    const [words, places] = [rowsOf(weights.of("words.weight"), C), rowsOf(weights.of("places.weight"), C)];
    const types = hasTypes ? rowsOf(weights.of("types.weight"), C) : undefined;
    return [...batch.ids].map((id, t) =>
      words[id]!.map((value, c) => value + (types?.[batch.typeIds[t]!]?.[c] ?? 0) + places[positions[t]!]![c]!),
    );
  };
  const normed = (weights: RandomWeights, x: Rows) => layerNorm(x, weights.of("norm.weight"), weights.of("norm.bias"), 1e-5);

  test("words + types + positions, normalised; any block of rows alone", async () => {
    const weights = new RandomWeights();
    const { backend } = weights;
    const layer = await Embeddings.load(weights, names, sizes);
    const out = backend.alloc(4, C);
    for (const rows of [
      { first: 0, count: 1 },
      { first: 1, count: 3 },
    ])
      layer.forward(backend, out.slice(rows), batch, positions, rows);
    expect(difference(out, normed(weights, sum(weights, true)))).toBeLessThan(CLOSE);
    expect([...weights.roles.values()]).toEqual(["words", "small", "small"]);
  });

  test("without token types; projected from E to C", async () => {
    const weights = new RandomWeights();
    const { backend } = weights;
    const { types: _types, ...untyped } = names;
    const layer = await Embeddings.load(weights, { ...untyped, project: "up" }, { ...sizes, C: 9 });
    const out = backend.alloc(4, 9);
    layer.forward(backend, out, batch, positions, { first: 0, count: 4 });
    const expected = linear(normed(weights, sum(weights, false)), weights.of("up.weight"), weights.of("up.bias"));
    expect(difference(out, expected)).toBeLessThan(CLOSE);
  });

  test("a family that may project does not where E = C and the file has no projection, and does where it has one", async () => {
    const bare = new RandomWeights(["up.weight"]);
    await Embeddings.load(bare, { ...names, project: "up" }, sizes);
    expect(bare.asked.filter((name) => name.startsWith("up"))).toEqual([]);
    const projecting = new RandomWeights();
    await Embeddings.load(projecting, { ...names, project: "up" }, sizes);
    expect(projecting.asked).toContain("up.weight [6,6]");
  });
});

describe("post-norm block", () => {
  const names: BlockNames = {
    query: "q",
    key: "k",
    value: "v",
    output: "o",
    attentionNorm: "n1",
    up: "up",
    down: "down",
    outputNorm: "n2",
  };

  test("is layerNorm(a + ffn(a)) with a = layerNorm(x + attention(x)), sequence by sequence", async () => {
    const weights = new RandomWeights();
    const { backend } = weights;
    const block = await loadPostNormBlock(weights, names, { C, H: 2, F: 7, eps: 1e-5, activation: "relu" });
    const sequences = new Sequences([3, 1, 2]);
    const x = rowsOf(randoms(6 * C, 77), C);
    const input = mat(x);
    const qkv = backend.alloc(6, 3 * C);
    const context = backend.alloc(6, C);
    const out = backend.alloc(6, C);
    block.attention.projectIn(backend, qkv, input);
    block.attention.attend(backend, context, qkv, sequences);
    for (const rows of [
      { first: 0, count: 4 },
      { first: 4, count: 2 },
    ])
      finishPostNorm(backend, block, out.slice(rows), input.slice(rows), context.slice(rows));

    const apply = (y: Rows, name: string) => linear(y, weights.of(`${name}.weight`), weights.of(`${name}.bias`));
    const norm = (y: Rows, name: string) => layerNorm(y, weights.of(`${name}.weight`), weights.of(`${name}.bias`), 1e-5);
    const attended = Array.from({ length: sequences.B }, (_, b) => {
      const { first, count } = sequences.rowsOf(b);
      const project = (name: string) => apply(x.slice(first, first + count), name);
      const [q, k, v] = [project("q"), project("k"), project("v")];
      const headOf = (y: Rows, h: number) => y.map((row) => row.slice(3 * h, 3 * h + 3));
      const heads = [0, 1].map((h) => attend(headOf(q, h), headOf(k, h), headOf(v, h)));
      return heads[0]!.map((row, s) => [...row, ...heads[1]![s]!]);
    }).flat();
    const a = norm(plus(x, apply(attended, "o")), "n1");
    const relu = apply(a, "up").map((row) => row.map((value) => Math.max(0, value)));
    expect(difference(out, norm(plus(a, apply(relu, "down")), "n2"))).toBeLessThan(CLOSE);
    expect(new Set(weights.roles.values())).toEqual(new Set(["encoder"]));
  });
});

describe("pooler and head", () => {
  test("the pooler is tanh(W h + b) of each first token", async () => {
    const weights = new RandomWeights();
    const pooler = await Pooler.load(weights, "pooler.dense", C);
    const x = rowsOf(randoms(5 * C, 5), C);
    const pooled = pooler.forward(weights.backend, mat(x), new Sequences([2, 3]));
    const expected = linear([x[0]!, x[2]!], weights.of("pooler.dense.weight"), weights.of("pooler.dense.bias"));
    expect(
      difference(
        pooled,
        expected.map((row) => row.map(Math.tanh)),
      ),
    ).toBeLessThan(CLOSE);
    expect(weights.roles.get("pooler.dense.weight")).toBe("head");
  });

  test("a head is dense, activation, norm, projection; each may be absent but the last", async () => {
    const weights = new RandomWeights();
    const { backend } = weights;
    const dense = await loadLinear(weights, "dense", 4, C, { role: "head" });
    const norm = await loadNorm(weights.at("norm"), 4, 1e-5);
    const last = await loadLinear(weights, "out", 3, 4, { role: "head" });
    const x = rowsOf(randoms(2 * C, 31), C);
    const out = backend.alloc(2, 3);
    const head = new Head({ dense, activation: "relu", norm, out: last });
    expect(head.K).toBe(3);
    head.forward(backend, out, mat(x));
    const hidden = linear(x, weights.of("dense.weight"), weights.of("dense.bias")).map((row) => row.map((value) => Math.max(0, value)));
    const normed = layerNorm(hidden, weights.of("norm.weight"), weights.of("norm.bias"), 1e-5);
    expect(difference(out, linear(normed, weights.of("out.weight"), weights.of("out.bias")))).toBeLessThan(2 * CLOSE);
    const y = rowsOf(randoms(8, 3), 4);
    const plain = backend.alloc(2, 3);
    new Head({ out: last }).forward(backend, plain, mat(y));
    expect(difference(plain, linear(y, weights.of("out.weight"), weights.of("out.bias")))).toBeLessThan(CLOSE);
  });
});
