/**
 * The position-wise feed-forward network: y = f(x W1ᵀ + b1) W2ᵀ + b2, with F channels in between (Vaswani et al. 2017, section 3.3).
 */

import type { Activation } from "../tensor/activations.ts";
import type { Backend } from "../tensor/backend.ts";
import type { Mat } from "../tensor/mat.ts";
import type { Linear } from "../tensor/weights.ts";
import { loadLinear } from "./linear.ts";
import type { Weights } from "./weights.ts";

export interface FeedForwardNames {
  readonly up: string;
  readonly down: string;
}

export class FeedForward {
  readonly #up: Linear;
  readonly #down: Linear;
  readonly #activation: Activation | undefined;

  private constructor(up: Linear, down: Linear, activation: Activation | undefined) {
    this.#up = up;
    this.#down = down;
    this.#activation = activation;
  }

  /** @param activation undefined = the identity */
  static async load(
    weights: Weights,
    names: FeedForwardNames,
    { C, F, activation }: { C: number; F: number; activation: Activation | undefined },
  ): Promise<FeedForward> {
    const [up, down] = await weights.all([
      () => loadLinear(weights, names.up, F, C, { role: "encoder" }),
      () => loadLinear(weights, names.down, C, F, { role: "encoder" }),
    ]);
    return new FeedForward(up, down, activation);
  }

  /** out [rows, C] from x [rows, C]. Row-local. */
  forward(backend: Backend, out: Mat, x: Mat): void {
    const inner = backend.alloc(x.rows, this.#up.N); // rows F
    projectWith(backend, inner, x, this.#up, this.#activation);
    backend.project(out, inner, this.#down);
  }
}

/** out = f(x Wᵀ + b); without an activation the projection alone. */
export function projectWith(backend: Backend, out: Mat, x: Mat, linear: Linear, activation: Activation | undefined): void {
  if (activation) backend.projectActivate(out, x, linear, activation);
  else backend.project(out, x, linear);
}
