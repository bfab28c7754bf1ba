/**
 * The gated feed-forward network: y = (f(x Wgᵀ) * (x Wuᵀ)) Wdᵀ (Shazeer 2020, https://arxiv.org/abs/2002.05202: GeGLU with f = GELU, SwiGLU with SiLU).
 *
 * Gate and up read the same input and are one product of 2F columns. Checkpoints hold them as two matrices or as one whose first
 * or second half is the gate.
 */

import type { Activation } from "../tensor/activations.ts";
import type { Backend } from "../tensor/backend.ts";
import type { Mat } from "../tensor/mat.ts";
import type { Linear } from "../tensor/weights.ts";
import { loadLinear } from "./linear.ts";
import type { Weights } from "./weights.ts";

export interface GatedFeedForwardNames {
  /** One fused matrix [2F, C], or two [F, C] in this order. */
  readonly inner: string | readonly [string, string];
  readonly down: string;
  /** Which half of the inner channels goes through the activation. */
  readonly gate: "first" | "second";
}

export interface GatedFeedForwardSizes {
  readonly C: number;
  readonly F: number;
  readonly activation: Activation;
  readonly innerBias: boolean;
  readonly downBias: boolean;
}

export class GatedFeedForward {
  readonly #inner: Linear;
  readonly #down: Linear;
  readonly #activation: Activation;
  readonly #gateFirst: boolean;

  private constructor(inner: Linear, down: Linear, activation: Activation, gateFirst: boolean) {
    this.#inner = inner;
    this.#down = down;
    this.#activation = activation;
    this.#gateFirst = gateFirst;
  }

  static async load(weights: Weights, names: GatedFeedForwardNames, sizes: GatedFeedForwardSizes): Promise<GatedFeedForward> {
    const { C, F, activation, innerBias, downBias } = sizes;
    const rows = typeof names.inner === "string" ? 2 * F : F;
    const inner = await loadLinear(weights, names.inner, rows, C, { role: "encoder", bias: innerBias });
    const down = await loadLinear(weights, names.down, C, F, { role: "encoder", bias: downBias });
    return new GatedFeedForward(inner, down, activation, names.gate === "first");
  }

  /** out [rows, C] from x [rows, C]. Row-local. */
  forward(backend: Backend, out: Mat, x: Mat): void {
    const F = this.#inner.N / 2;
    const inner = backend.alloc(x.rows, 2 * F);
    backend.project(inner, x, this.#inner);
    const [gate, up] = this.#gateFirst ? [inner.columns(0, F), inner.columns(F, F)] : [inner.columns(F, F), inner.columns(0, F)];
    const open = backend.alloc(x.rows, F);
    backend.activate(open, gate, this.#activation);
    const gated = backend.alloc(x.rows, F);
    backend.multiply(gated, open, up);
    backend.project(out, gated, this.#down);
  }
}
