/**
 * The head on top of an encoder: y = layerNorm(f(x Wdᵀ + bd)) Woᵀ + bo, where the dense layer, f and the norm may be absent.
 *
 * That one shape covers transformers' heads: a bare classifier (BERT), dense + tanh + out_proj (RoBERTa), pre_classifier + ReLU (DistilBERT),
 * and the masked LM's transform + norm + decoder. Which parts a head has is data (src/models/heads.ts).
 */

import type { Activation } from "../tensor/activations.ts";
import type { Backend, Norm } from "../tensor/backend.ts";
import type { Mat } from "../tensor/mat.ts";
import type { Linear } from "../tensor/weights.ts";
import { projectWith } from "./feed-forward.ts";

export interface HeadParts {
  readonly dense?: Linear | undefined;
  /** f after the dense layer; undefined = the identity. */
  readonly activation?: Activation | undefined;
  readonly norm?: Norm | undefined;
  readonly out: Linear;
}

export class Head {
  readonly #parts: HeadParts;

  constructor(parts: HeadParts) {
    this.#parts = parts;
  }

  /** Columns of the output: classes K, or V. */
  get K(): number {
    return this.#parts.out.N;
  }

  /** out [rows, K] from x [rows, C]. Row-local. */
  forward(backend: Backend, out: Mat, x: Mat): void {
    const { dense, activation, norm, out: last } = this.#parts;
    let y = x;
    if (dense) {
      y = backend.alloc(x.rows, dense.N);
      projectWith(backend, y, x, dense, activation);
    }
    if (norm) {
      const normed = backend.alloc(y.rows, y.cols);
      backend.layerNorm(normed, y, norm);
      y = normed;
    }
    backend.project(out, y, last);
  }
}
