/**
 * What SentenceEncoder needs of a model: tokens in, token vectors inside a pass. EncoderModel is one, StaticModel another.
 */

import type { Model, ModelInput } from "../models/types.ts";
import type { Backend } from "../tensor/backend.ts";
import type { Mat } from "../tensor/mat.ts";
import type { Sequences } from "../tensor/sequences.ts";

export interface TokenVectorModel extends Model {
  readonly backend: Backend;
  /** C, the size of a token's vector. */
  readonly hiddenSize: number;
  readonly maxLength: number;
  /** One queued pass: `body` gets the token vectors [T, C] inside the pass and returns the Mats whose values are wanted. */
  computeHidden(
    batch: readonly ModelInput[],
    body: (backend: Backend, hidden: Mat, sequences: Sequences) => readonly Mat[],
    options?: { signal?: AbortSignal | undefined },
  ): Promise<Float32Array[]>;
}
