/**
 * Conformance of what contains a product: matmul, linear layers in f32 and W8A16, the fused ops and attention,
 * each against float64 and, for the fused ops, against the contract's default body on the same backend.
 */

import { it } from "vitest";
import type { AttentionOptions } from "../../../src/tensor/attention.ts";
import { Backend, type Lookup, type Norm } from "../../../src/tensor/backend.ts";
import type { Mat } from "../../../src/tensor/mat.ts";
import { Sequences } from "../../../src/tensor/sequences.ts";
import { activationLimit, quantizeActivationRow, quantizeWeightRows } from "../../../src/tensor/w8.ts";
import type { Linear, WeightDType, WeightMatrix } from "../../../src/tensor/weights.ts";
import { attentionOracle } from "./attention-oracle.ts";
import type { Harness } from "./harness.ts";
import { ACTIVATION_ORACLES, at, type Expected, expected, layerNormOracle, linearOracle, transpose, U } from "./oracle.ts";
import { dense, f32Weight, normals, sample, strided, type Values, weightOf } from "./samples.ts";

const PRODUCTS: readonly (readonly [M: number, K: number, N: number])[] = [
  [1, 1, 1],
  [3, 5, 7],
  [4, 4, 4],
  [5, 26, 8],
  [7, 17, 3],
  [8, 16, 16],
  [16, 8, 5],
  [17, 31, 13],
  [2, 312, 17],
  [13, 97, 101],
  [97, 33, 20],
  [5, 384, 384],
  [3, 1536, 48],
];

/** The bodies that a new backend inherits, to be run on any backend. */
interface DefaultBodies {
  computeEmbed(out: Mat, lookups: readonly Lookup[]): void;
  computeProjectActivate(out: Mat, x: Mat, linear: Linear, activation: "gelu"): void;
  computeAddLayerNorm(out: Mat, a: Mat, b: Mat, norm: Norm): void;
  computeAttention(out: Mat, q: Mat, k: Mat, v: Mat, sequences: Sequences, options: AttentionOptions): void;
}
const defaults = Backend.prototype as unknown as DefaultBodies;

export function linears(given: () => Harness): void {
  it.each(PRODUCTS)("matmul, project and their strided views: M = %i, K = %i, N = %i", async (M, K, N) => {
    const { backend } = given();
    const [x, w] = [sample(M, K, 20), sample(N, K, 21)];
    const bias = normals(N, 22);
    const [a, b, bT] = [strided(backend, x), strided(backend, w), strided(backend, transpose(w))];
    await given().check(linearOracle(x, w, undefined, given().sums), (out) => backend.matmul(out, a, b, { transposeB: true }));
    await given().check(linearOracle(x, w, undefined, given().sums), (out) => backend.matmul(out, a, bT));
    const linear = backend.linear([f32Weight(w)], bias);
    await given().check(linearOracle(x, w, bias, given().sums), (out) => backend.project(out, a, linear));
    const bare = backend.linear([f32Weight(w)]);
    await given().check(linearOracle(x, w, undefined, given().sums), (out) => backend.project(out, a, bare));
  });

  it("project stacks weights of several dtypes by rows", async () => {
    const { backend } = given();
    const x = sample(5, 19, 23);
    const parts = (["F32", "F16", "BF16", "F64"] as const).map((dtype, i) => weightOf(dtype, 3 + i, 19, 24 + i));
    const data = parts.flatMap(({ values }) => Array.from(values.data));
    const N = data.length / 19;
    const bias = normals(N, 25);
    const linear = backend.linear(
      parts.map(({ weight }) => weight),
      bias,
    );
    const mat = dense(backend, x);
    await given().check(linearOracle(x, { rows: N, cols: 19, data }, bias, given().sums), (out) => backend.project(out, mat, linear));
  });

  it.each(PRODUCTS)("project in W8A16: M = %i, K = %i, N = %i", async (M, K, N) => {
    const { backend } = given();
    // One row of zeros and one of large numbers; the weights use all of [-128, 127].
    const x = sample(M, K, 26);
    if (M > 2) x.data.fill(0, K, 2 * K);
    if (M > 2) x.data.set(normals(K, 27, 1e4), 2 * K);
    const { values, scale } = quantizeWeightRows(normals(N * K, 28), N, K);
    values[0] = -128;
    // A channel so heavy that 32767 would overflow int32: the activation limit must come down.
    if (K > 1000) values.fill(127, (N - 1) * K);
    const bias = normals(N, 29);
    const bytes = new Uint8Array(values.buffer);
    // Two parts, as Q, K and V would be.
    const cut = Math.ceil(N / 2);
    const part = (from: number, to: number): WeightMatrix => ({
      dtype: "I8",
      rows: to - from,
      cols: K,
      bytes: bytes.slice(from * K, to * K),
      scale: scale.slice(from, to),
    });
    const linear = backend.linear(cut < N ? [part(0, cut), part(cut, N)] : [part(0, N)], bias);
    const mat = strided(backend, x);
    const oracle = given().w8 === "exact" ? w8Oracle(x, values, scale, bias) : dequantizedOracle(x, values, scale, bias);
    await given().check(oracle, (out) => backend.project(out, mat, linear), 1e-2);
  });
}

/** The exact integer sum; then the rounding of sum, scale product, product and bias sum: 4 U. */
function w8Oracle(x: Values, values: Int8Array, scale: Float32Array, bias: Float32Array): Expected {
  const { rows: M, cols: K } = x;
  const N = scale.length;
  const limit = activationLimit(values, N, K);
  const rows = Array.from({ length: M }, (_, m) => {
    const q = new Int16Array(K);
    return { q, rowScale: quantizeActivationRow(q, Float32Array.from(x.data), m * K, K, limit) };
  });
  return expected(M, N, (m, n) => {
    const { q, rowScale } = rows[m]!;
    let sum = 0;
    for (let k = 0; k < K; k++) sum += q[k]! * values[n * K + k]!;
    const product = sum * rowScale * scale[n]!;
    return [product + bias[n]!, U * (4 * Math.abs(product) + Math.abs(bias[n]!))];
  });
}

function dequantizedOracle(x: Values, values: Int8Array, scale: Float32Array, bias: Float32Array): Expected {
  const w = { rows: scale.length, cols: x.cols, data: Float64Array.from(values, (q, i) => q * scale[Math.floor(i / x.cols)]!) };
  const { bound, ...rest } = linearOracle(x, w, bias);
  // One or two more roundings a weight, or of the sum, by the scale: sumError(K + 2) >= 3 of them are in the bound.
  return { ...rest, bound: bound.map((b) => 2 * b) };
}

export function fused(given: () => Harness): void {
  it("embed adds its lookups in order", async () => {
    const { backend } = given();
    for (const dtypes of [["F32"], ["F32", "F16"], ["I8", "F32", "BF16"]] as WeightDType[][]) {
      for (const C of [5, 26, 64]) {
        const parts = dtypes.map((dtype, i) => weightOf(dtype, 9, C, 30 + i));
        const indices = parts.map((_, i) => Int32Array.from({ length: 7 }, (_, t) => (t === 4 && i === 1 ? -1 : (t * (i + 2)) % 9)));
        const lookups = parts.map(({ weight }, i) => ({ table: backend.table(weight), indices: indices[i]! }));
        const exact = expected(7, C, (t, c) => {
          const terms = parts.map(({ values }, i) => (indices[i]![t] === -1 ? 0 : at(values, indices[i]![t]!, c)));
          return [terms.reduce((sum, term) => Math.fround(sum + term)), 0];
        });
        await given().check(exact, (out) => backend.embed(out, lookups));
        await given().check(exact, (out) => defaults.computeEmbed.call(backend, out, lookups));
      }
    }
  });

  it.each(PRODUCTS)("projectActivate with GELU: M = %i, K = %i, N = %i", async (M, K, N) => {
    const { backend } = given();
    const [x, w] = [sample(M, K, 33), sample(N, K, 34, 1 / Math.sqrt(K))];
    const bias = normals(N, 35);
    const { value, bound } = linearOracle(x, w, bias, given().sums);
    const error = given().activationError("gelu");
    const oracle = expected(M, N, (m, n) => {
      const y = ACTIVATION_ORACLES.gelu(value[m * N + n]!);
      return [y, 1.13 * bound[m * N + n]! + error * Math.max(1, Math.abs(y))]; // |gelu'| < 1.13
    });
    const mat = strided(backend, x);
    const linear = backend.linear([f32Weight(w)], bias);
    await given().check(oracle, (out) => backend.projectActivate(out, mat, linear, "gelu"));
    await given().check(oracle, (out) => defaults.computeProjectActivate.call(backend, out, mat, linear, "gelu"));
  });

  it("addLayerNorm normalises the rounded sum", async () => {
    const { backend } = given();
    for (const C of [2, 5, 17, 26, 312, 384]) {
      const [x, y] = [sample(4, C, 36), sample(4, C, 37)];
      const [gamma, beta] = [sample(1, C, 38), sample(1, C, 39)];
      const sum = { rows: 4, cols: C, data: Float32Array.from(x.data, (v, i) => v + y.data[i]!) };
      const [a, b] = [strided(backend, x), dense(backend, y)];
      const norm = { gamma: dense(backend, gamma), beta: dense(backend, beta), eps: 1e-12 };
      const oracle = layerNormOracle(sum, gamma.data, beta.data, 1e-12);
      await given().check(oracle, (out) => backend.addLayerNorm(out, a, b, norm));
      await given().check(oracle, (out) => defaults.computeAddLayerNorm.call(backend, out, a, b, norm));
    }
  });
}

const bucketOf = (distance: number) => Math.max(-3, Math.min(3, distance)) + 3;
const ATTENTION: readonly [
  what: string,
  lengths: number[],
  heads: number,
  D: number,
  options: { window?: number; terms?: ("head" | "query" | "key")[] },
][] = [
  ["one token", [1], 1, 1, {}],
  ["tiny ragged", [1, 2, 3, 5], 2, 4, {}],
  ["TinyBERT's heads", [7, 4, 1, 17], 3, 26, {}],
  ["MiniLM's heads", [33, 8, 16], 2, 32, {}],
  ["a long sequence", [131], 1, 64, {}],
  ["a window", [9, 1, 40, 4], 2, 8, { window: 3 }],
  ["the narrowest window", [5, 18], 2, 5, { window: 0 }],
  ["MPNet's head terms", [6, 19], 3, 8, { terms: ["head"] }],
  ["DeBERTa's content terms", [6, 19, 1], 2, 12, { terms: ["query", "key"] }],
  ["all terms in a window", [23, 5], 2, 7, { window: 4, terms: ["key", "head", "query"] }],
];

export function attentions(given: () => Harness): void {
  it.each(ATTENTION)("attention: %s", async (_what, lengths, heads, D, { window, terms = [] }) => {
    const { backend } = given();
    const sequences = new Sequences(lengths);
    const C = heads * D;
    const qkv = sample(sequences.T, 3 * C, 40);
    const columns = (first: number): Values => ({
      rows: qkv.rows,
      cols: C,
      data: Float32Array.from({ length: qkv.rows * C }, (_, i) => at(qkv, Math.floor(i / C), first + (i % C))),
    });
    const relative = terms.map((by, i) => ({ table: sample(7, by === "head" ? heads : C, 41 + i), bucketOf, by }));
    const common = { heads, scale: 1 / Math.sqrt(D), ...(window === undefined ? {} : { window }) };
    const oracle = attentionOracle(columns(0), columns(C), columns(2 * C), { ...common, lengths, relative, exp: given().exp });

    const fused = strided(backend, qkv); // q, k and v as one projection leaves them
    const [q, k, v] = [fused.columns(0, C), fused.columns(C, C), fused.columns(2 * C, C)];
    const options = { ...common, relative: relative.map((term) => ({ ...term, table: strided(backend, term.table) })) };
    const plain = await given().check(oracle.out, (out) => backend.attention(out, q, k, v, sequences, options));
    await given().check(oracle.out, (out) => defaults.computeAttention.call(backend, out, q, k, v, sequences, options));

    const [out, ...probs] = await backend.pass(() => {
      const context = backend.alloc(sequences.T, C);
      const wanted = lengths.map((S) => backend.alloc(heads * S, S));
      backend.attention(context, q, k, v, sequences, { ...options, probs: wanted });
      return [context, ...wanted];
    });
    given().within(out!, { ...oracle.out, value: Float64Array.from(plain), bound: new Float64Array(plain.length) }); // the same bits
    oracle.probs.forEach((expectedProbs, b) => {
      given().within(probs[b]!, expectedProbs);
    });
  });
}
