/**
 * BERT's pooler: tanh(W h + b) of each sequence's first token ([CLS]), trained with next sentence prediction.
 * Not to be confused with mean pooling, which is the backend's `pool`.
 */

import type { Activation } from "../tensor/activations.ts";
import type { Backend } from "../tensor/backend.ts";
import type { Mat } from "../tensor/mat.ts";
import type { Sequences } from "../tensor/sequences.ts";
import type { Linear } from "../tensor/weights.ts";
import { loadLinear } from "./linear.ts";
import type { Weights } from "./weights.ts";

export class Pooler {
  readonly #dense: Linear;
  readonly #activation: Activation;

  private constructor(dense: Linear, activation: Activation) {
    this.#dense = dense;
    this.#activation = activation;
  }

  /** @param name of the dense layer: "pooler.dense" */
  static async load(weights: Weights, name: string, C: number, activation: Activation = "tanh"): Promise<Pooler> {
    return new Pooler(await loadLinear(weights, name, C, C, { role: "head" }), activation);
  }

  /** pooled [B, C] from hidden [T, C]. */
  forward(backend: Backend, hidden: Mat, sequences: Sequences): Mat {
    const pooled = backend.alloc(sequences.B, hidden.cols);
    const first = backend.alloc(sequences.B, hidden.cols);
    backend.take(first, hidden, sequences.firstRows());
    backend.projectActivate(pooled, first, this.#dense, this.#activation);
    return pooled;
  }
}
