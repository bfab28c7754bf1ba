/**
 * What a layer asks of a checkpoint: tensors by name below a path, each with the shape it must have.
 * The layers know names relative to themselves ("self.query"); prefixes are pushed as the model's tree is walked.
 * `src/models/checkpoint.ts` implements it over a safetensors file.
 */

import type { Backend } from "../tensor/backend.ts";
import type { WeightMatrix } from "../tensor/weights.ts";

/**
 * What a matrix is for; the one thing that decides whether it may be int8 (see src/models/w8-policy.ts).
 *   encoder  a linear layer inside the encoder        words  the word embedding table
 *   head     pooler, classifiers, masked LM decoder   small  position, type and relative tables
 */
export type MatrixRole = "encoder" | "words" | "head" | "small";

/** One name, or several spellings of which the file has one: ["weight", "gamma"]. */
export type Spellings = string | readonly string[];

export interface Weights {
  readonly backend: Backend;
  /** The same checkpoint seen from `path`: at("encoder").at("layer.0"). */
  at(path: string): Weights;
  has(name: Spellings): boolean;
  /** @throws WeightError where the tensor is missing or has another shape */
  matrix(name: Spellings, rows: number, cols: number, role: MatrixRole): Promise<WeightMatrix>;
  /** A matrix as f32 values, row by row. @throws as matrix */
  floats(name: Spellings, rows: number, cols: number, role: MatrixRole): Promise<Float32Array>;
  /** @throws WeightError where the tensor is missing or has another shape */
  vector(name: Spellings, length: number): Promise<Float32Array>;
}
