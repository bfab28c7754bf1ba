/** A checkpoint for tests of layers: random tensors made on demand, by name, and the plain float64 arithmetic to check against. */
import { ReferenceBackend } from "../../src/kernels/reference/backend.ts";
import { type LinearOptions, stackLinear } from "../../src/layers/linear.ts";
import { inTurn, type Loads, type MatrixRole, type Spellings, type Weights } from "../../src/layers/weights.ts";
import { copyOf, hostMat } from "../../src/tensor/host-mat.ts";
import type { Mat } from "../../src/tensor/mat.ts";
import { decodeMatrix } from "../../src/tensor/weight-rows.ts";
import type { Linear, WeightMatrix } from "../../src/tensor/weights.ts";

/** Numbers in -1 .. 1 that depend on the seed alone (a 32-bit linear congruential generator). */
export function randoms(count: number, seed: number): Float32Array {
  let state = (seed * 2654435761) >>> 0;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** Every tensor that is asked for exists, unless `absent` says otherwise; `asked` lists name and shape in order. */
export class RandomWeights implements Weights {
  readonly backend = new ReferenceBackend();
  readonly asked: string[] = [];
  readonly roles = new Map<string, MatrixRole>();
  readonly #values: Map<string, Float32Array>;
  readonly #absent: ReadonlySet<string>;
  readonly #path: string;

  constructor(absent: readonly string[] = [], path = "", shared?: RandomWeights) {
    this.#absent = new Set(absent);
    this.#path = path;
    this.#values = shared ? shared.#values : new Map();
    if (shared) {
      this.backend = shared.backend;
      this.asked = shared.asked;
      this.roles = shared.roles;
    }
  }

  at(path: string): Weights {
    return new RandomWeights([...this.#absent], `${this.#path}${path}.`, this);
  }
  has(name: Spellings): boolean {
    return !this.#absent.has(this.#path + first(name));
  }
  async matrix(name: Spellings, rows: number, cols: number, role: MatrixRole): Promise<WeightMatrix> {
    this.roles.set(this.#path + first(name), role);
    const values = this.#value(first(name), rows * cols, `${rows},${cols}`);
    return { dtype: "F32", rows, cols, bytes: new Uint8Array(values.buffer) };
  }
  all<T extends readonly unknown[]>(loads: Loads<T>): Promise<T> {
    return inTurn(loads);
  }
  linear(modules: readonly string[], N: number, K: number, options: LinearOptions): Promise<Linear> {
    return stackLinear(this, modules, N, K, options);
  }
  async floats(name: Spellings, rows: number, cols: number, role: MatrixRole): Promise<Float32Array> {
    return decodeMatrix(await this.matrix(name, rows, cols, role));
  }
  async vector(name: Spellings, length: number): Promise<Float32Array> {
    return this.#value(first(name), length, `${length}`);
  }

  /** The values of a tensor that was asked for. */
  of(name: string): Float32Array {
    const values = this.#values.get(name);
    if (!values) throw new Error(`nobody asked for ${name}; asked were ${this.asked.join(", ")}`);
    return values;
  }

  #value(name: string, count: number, shape: string): Float32Array {
    const full = this.#path + name;
    this.asked.push(`${full} [${shape}]`);
    const values = this.#values.get(full) ?? randoms(count, this.#values.size + 1);
    this.#values.set(full, values);
    return values;
  }
}

function first(name: Spellings): string {
  return typeof name === "string" ? name : name[0]!;
}

// ------------------------------------------------------------ plain float64
export type Rows = readonly (readonly number[])[];

export function rowsOf(x: ArrayLike<number>, cols: number): number[][] {
  return Array.from({ length: x.length / cols }, (_, t) => Array.from({ length: cols }, (_c, c) => x[t * cols + c]!));
}

/** x Wᵀ + b with W [N, K] row-major. */
export function linear(x: Rows, weight: Float32Array, bias?: Float32Array): number[][] {
  return x.map((row) => {
    const K = row.length;
    return Array.from({ length: weight.length / K }, (_, n) =>
      row.reduce((sum, value, k) => sum + value * weight[n * K + k]!, bias?.[n] ?? 0),
    );
  });
}

export function layerNorm(x: Rows, gamma: Float32Array, beta: Float32Array, eps: number): number[][] {
  return x.map((row) => {
    const mean = row.reduce((a, b) => a + b, 0) / row.length;
    const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / row.length;
    return row.map((value, c) => ((value - mean) / Math.sqrt(variance + eps)) * gamma[c]! + beta[c]!);
  });
}

export function plus(a: Rows, b: Rows): number[][] {
  return a.map((row, t) => row.map((value, c) => value + b[t]![c]!));
}

/** softmax(q kᵀ / sqrt(D)) v for one sequence and one head. */
export function attend(q: Rows, k: Rows, v: Rows): number[][] {
  const D = q[0]!.length;
  return q.map((query) => {
    const weights = k.map((key) => Math.exp(query.reduce((sum, value, d) => sum + value * key[d]!, 0) / Math.sqrt(D)));
    const total = weights.reduce((a, b) => a + b, 0);
    return Array.from({ length: D }, (_, d) => weights.reduce((sum, weight, j) => sum + (weight / total) * v[j]![d]!, 0));
  });
}

export function mat(x: Rows): Mat {
  return hostMat(Float32Array.from(x.flat()), x.length, x[0]!.length);
}

/** Largest difference of a Mat and plain rows. */
export function difference(x: Mat, expected: Rows): number {
  const flat = expected.flat();
  const found = copyOf(x);
  if (found.length !== flat.length) throw new Error(`[${x.shape}] holds ${found.length} values, expected ${flat.length}`);
  return flat.reduce((max, value, i) => Math.max(max, Number.isNaN(found[i]!) ? Number.POSITIVE_INFINITY : Math.abs(value - found[i]!)), 0);
}
