/**
 * Self-attention with rotary positions (Su et al. 2021, https://arxiv.org/abs/2104.09864): each pair of a head's channels of q and k is turned
 * by an angle that grows with the token's position, so that q_i · k_j depends on the distance i - j alone.
 *
 *   [q k v] = x Wᵀ + b,   context = softmax(rotate(q) rotate(k)ᵀ / sqrt(D)) v,   y = context Woᵀ + bo
 *
 * Checkpoints hold Q, K and V as one fused matrix [3C, C]. Channel d of a head is paired with d + D/2 ("rotate half").
 */

import type { Backend } from "../tensor/backend.ts";
import type { Mat, Rows } from "../tensor/mat.ts";
import type { Sequences } from "../tensor/sequences.ts";
import type { Linear } from "../tensor/weights.ts";
import { loadLinear } from "./linear.ts";
import type { Weights } from "./weights.ts";

export interface RotaryAttentionNames {
  readonly qkv: string;
  readonly output: string;
}

/** cos and sin of every position and channel pair, [P, D/2] each. */
export interface RotaryTables {
  readonly cos: Mat;
  readonly sin: Mat;
}

export interface RotaryAttentionOptions {
  readonly C: number;
  readonly H: number;
  readonly bias: boolean;
  readonly tables: RotaryTables;
  /** Local attention: only keys with |i - j| <= window. */
  readonly window?: number | undefined;
}

/** What one attention shares between its stretches: rotated queries and keys, and values. */
export interface RotaryBuffers {
  readonly qk: Mat; // T 2C, rotated
  readonly v: Mat; // T C
}

export class RotaryAttention {
  readonly #options: RotaryAttentionOptions;
  readonly #qkv: Linear;
  readonly #output: Linear;

  private constructor(options: RotaryAttentionOptions, qkv: Linear, output: Linear) {
    this.#options = options;
    this.#qkv = qkv;
    this.#output = output;
  }

  static async load(weights: Weights, names: RotaryAttentionNames, options: RotaryAttentionOptions): Promise<RotaryAttention> {
    const { C, bias } = options;
    const qkv = await loadLinear(weights, names.qkv, 3 * C, C, { role: "encoder", bias });
    const output = await loadLinear(weights, names.output, C, C, { role: "encoder", bias });
    return new RotaryAttention(options, qkv, output);
  }

  static alloc(backend: Backend, T: number, C: number): RotaryBuffers {
    return { qk: backend.alloc(T, 2 * C), v: backend.alloc(T, C) };
  }

  /** The rows `rows` of qk and v from x [rows, C]; `positions` [T] counts from 0 in each sequence. Row-local. */
  projectIn(backend: Backend, { qk, v }: RotaryBuffers, x: Mat, positions: Int32Array, rows: Rows): void {
    const { C, H, tables } = this.#options;
    const qkv = backend.alloc(x.rows, 3 * C);
    backend.project(qkv, x, this.#qkv);
    const own = positions.subarray(rows.first, rows.first + rows.count);
    backend.rotate(qk.slice(rows), qkv.columns(0, 2 * C), { ...tables, positions: own, heads: 2 * H });
    backend.scale(v.slice(rows), qkv.columns(2 * C, C), 1);
  }

  /** context [T, C]. Crosses the rows of a sequence. */
  attend(backend: Backend, context: Mat, { qk, v }: RotaryBuffers, sequences: Sequences, probs?: readonly Mat[]): void {
    const { C, H, window } = this.#options;
    backend.attention(context, qk.columns(0, C), qk.columns(C, C), v, sequences, { heads: H, scale: 1 / Math.sqrt(C / H), window, probs });
  }

  /** out [rows, C]. Row-local. */
  projectOut(backend: Backend, out: Mat, context: Mat): void {
    backend.project(out, context, this.#output);
  }
}

/**
 * Angles position * theta^(-2d/D), in f32 as PyTorch computes them whatever the model's dtype.
 * @param P positions, longest sequence first to last
 */
export function rotaryTables(backend: Backend, P: number, D: number, theta: number): RotaryTables {
  const { fround } = Math;
  const half = D / 2;
  const cos = new Float32Array(P * half);
  const sin = new Float32Array(P * half);
  for (let d = 0; d < half; d++) {
    const frequency = fround(1 / fround(theta ** fround((2 * d) / D)));
    for (let p = 0; p < P; p++) {
      const angle = fround(p * frequency);
      cos[p * half + d] = Math.cos(angle);
      sin[p * half + d] = Math.sin(angle);
    }
  }
  return { cos: backend.constant(cos, P, half), sin: backend.constant(sin, P, half) };
}
