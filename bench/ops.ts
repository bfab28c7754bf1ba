/**
 * The operations of the microbenchmarks: how each is set up on a backend, what it computes, and what it costs.
 * `flops` counts as TraceBackend does (a multiply-add is 2); `bytes` counts each operand once.
 */
import type { Activation } from "../src/tensor/activations.ts";
import type { Backend } from "../src/tensor/backend.ts";
import type { Mat } from "../src/tensor/mat.ts";
import { Sequences } from "../src/tensor/sequences.ts";
import { quantizeWeightRows } from "../src/tensor/w8.ts";
import type { WeightMatrix } from "../src/tensor/weights.ts";
import type { ModelShape } from "./shapes.ts";

export interface Job {
  readonly name: string;
  readonly flops: number;
  readonly bytes: number;
  /** Prepares inputs and weights once; the function returned runs the operation and gives its result. */
  prepare(backend: Backend): () => Mat;
  /** Largest |error| against the reference that this operation may have: derived from K and the magnitudes below. */
  readonly tolerance: number;
}

/** f32 unit roundoff. */
const U = 2 ** -24;

/** What can follow a product in one operation; at the widening product of a feed-forward network, where models do it. */
const EPILOGUES: readonly Activation[] = ["gelu", "gelu_tanh", "quick_gelu", "relu", "silu", "tanh", "sigmoid"];

/** Repeatable values in [-1, 1). */
export function values(count: number, seed: number): Float32Array {
  let state = seed | 1;
  return Float32Array.from({ length: count }, () => {
    state = Math.imul(state, 1664525) + 1013904223;
    return (state >>> 8) / 2 ** 23 - 1;
  });
}

function floatMatrix(rows: number, cols: number, seed: number): WeightMatrix {
  return { dtype: "F32", rows, cols, bytes: new Uint8Array(values(rows * cols, seed).buffer) };
}

function int8Matrix(rows: number, cols: number, seed: number): WeightMatrix {
  const { values: int8, scale } = quantizeWeightRows(values(rows * cols, seed), rows, cols);
  return { dtype: "I8", rows, cols, bytes: new Uint8Array(int8.buffer, int8.byteOffset, int8.length), scale };
}

const input = (backend: Backend, rows: number, cols: number, seed: number) => backend.constant(values(rows * cols, seed), rows, cols);

/** An operation of one output: allocates it and runs. */
function into(backend: Backend, rows: number, cols: number, body: (out: Mat) => void): () => Mat {
  return () => {
    const out = backend.alloc(rows, cols);
    body(out);
    return out;
  };
}

function linearJobs(T: number, N: number, K: number, epilogues: readonly Activation[] = []): Job[] {
  const flops = 2 * T * N * K;
  const bytes = 4 * (T * K + N * K + T * N);
  const tolerance = 2 * K * U * K;
  const bias = values(N, 7);
  const job = (name: string, matrix: () => WeightMatrix, size: number, activation?: Activation): Job => ({
    name: `${name} ${T}x${N}x${K}`,
    flops,
    bytes: bytes - 4 * N * K + size * N * K,
    // W8: one step of the int16 activations per element of the sum, on top of the rounding of f32
    tolerance: size === 1 ? tolerance + (K * 2) / 32767 : tolerance,
    prepare(backend) {
      const x = input(backend, T, K, 3);
      const linear = backend.linear([matrix()], bias);
      return into(backend, T, N, (out) =>
        activation ? backend.projectActivate(out, x, linear, activation) : backend.project(out, x, linear),
      );
    },
  });
  return [
    job("linear", () => floatMatrix(N, K, 5), 4),
    job("linear-w8", () => int8Matrix(N, K, 5), 1),
    ...epilogues.map((activation) => job(`linear-${activation}`, () => floatMatrix(N, K, 5), 4, activation)),
    ...epilogues.map((activation) => job(`linear-w8-${activation}`, () => int8Matrix(N, K, 5), 1, activation)),
    {
      name: `matmul ${T}x${N}x${K}`,
      flops,
      bytes,
      tolerance,
      prepare(backend) {
        const [a, b] = [input(backend, T, K, 3), input(backend, K, N, 5)];
        return into(backend, T, N, (out) => backend.matmul(out, a, b));
      },
    },
  ];
}

function rowJobs(T: number, C: number, F: number): Job[] {
  const size = T * C;
  const job = (
    name: string,
    cols: number,
    flopsEach: number,
    tolerance: number,
    run: (backend: Backend, out: Mat, x: Mat, y: Mat) => void,
  ): Job => ({
    name: `${name} ${T}x${cols}`,
    flops: flopsEach * T * cols,
    bytes: 8 * T * cols,
    tolerance,
    prepare(backend) {
      const [x, y] = [input(backend, T, cols, 3), input(backend, T, cols, 9)];
      return into(backend, T, cols, (out) => run(backend, out, x, y));
    },
  });
  const normed = (backend: Backend) => ({ gamma: input(backend, 1, C, 11), beta: input(backend, 1, C, 13), eps: 1e-12 });
  const withNorm = (name: string, run: (backend: Backend, out: Mat, x: Mat, y: Mat, norm: ReturnType<typeof normed>) => void): Job => ({
    ...job(name, C, 8, 64 * U, () => {}),
    prepare(backend) {
      const [x, y, norm] = [input(backend, T, C, 3), input(backend, T, C, 9), normed(backend)];
      return into(backend, T, C, (out) => run(backend, out, x, y, norm));
    },
  });
  return [
    withNorm("layer-norm", (backend, out, x, _y, norm) => backend.layerNorm(out, x, norm)),
    withNorm("add-layer-norm", (backend, out, x, y, norm) => backend.addLayerNorm(out, x, y, norm)),
    job("softmax", T, 5, 16 * U, (backend, out, x) => backend.softmax(out, x)),
    job("gelu", F, 5, 16 * U, (backend, out, x) => backend.activate(out, x, "gelu")),
    {
      name: `gather ${T}x${C}`,
      flops: 0,
      bytes: 8 * size,
      tolerance: 0,
      prepare(backend) {
        const table = backend.table(floatMatrix(1000, C, 5));
        const indices = Int32Array.from({ length: T }, (_, t) => (t * 37) % 1000);
        return into(backend, T, C, (out) => backend.gather(out, table, indices));
      },
    },
    {
      name: `pool-mean ${T}x${C}`,
      flops: size,
      bytes: 4 * (size + C),
      tolerance: T * U,
      prepare(backend) {
        const x = input(backend, T, C, 3);
        const sequences = new Sequences([T]);
        return into(backend, 1, C, (out) => backend.pool(out, x, sequences, "mean"));
      },
    },
  ];
}

function attentionJob(T: number, C: number, H: number): Job {
  const D = C / H;
  return {
    name: `attention ${T}x${C}/${H}`,
    flops: H * T * T * (4 * D + 6),
    bytes: 16 * T * C,
    tolerance: (2 * D + T) * 8 * U,
    prepare(backend) {
      const [q, k, v] = [input(backend, T, C, 3), input(backend, T, C, 5), input(backend, T, C, 7)];
      const sequences = new Sequences([T]);
      const options = { heads: H, scale: 1 / Math.sqrt(D) };
      return into(backend, T, C, (out) => backend.attention(out, q, k, v, sequences, options));
    },
  };
}

/** Every operation at a model's shape. */
export function jobsOf({ C, F, H }: ModelShape, T: number): Job[] {
  return [...linearJobs(T, C, C), ...linearJobs(T, F, C, EPILOGUES), ...linearJobs(T, C, F), attentionJob(T, C, H), ...rowJobs(T, C, F)];
}
