/**
 * What a layer asks of a checkpoint: tensors by name below a path, each with the shape it must have.
 * The layers know names relative to themselves ("self.query"); prefixes are pushed as the model's tree is walked.
 * `src/models/checkpoint.ts` implements it over a safetensors file.
 */

import type { Backend } from "../tensor/backend.ts";
import type { Linear, WeightMatrix } from "../tensor/weights.ts";
import type { LinearOptions } from "./linear.ts";

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
  /** Loads several parts: at once where their bytes are read while others are packed, else one after another, which asks for a file's bytes in order. */
  all<T extends readonly unknown[]>(loads: Loads<T>): Promise<T>;
  /** A linear layer of `modules`, stacked by rows: each [N, K] with a bias [N]. @throws as matrix */
  linear(modules: readonly string[], N: number, K: number, options: LinearOptions): Promise<Linear>;
  /** A matrix as f32 values, row by row. @throws as matrix */
  floats(name: Spellings, rows: number, cols: number, role: MatrixRole): Promise<Float32Array>;
  /** @throws WeightError where the tensor is missing or has another shape */
  vector(name: Spellings, length: number): Promise<Float32Array>;
}

/** What gives each element of T. */
export type Loads<T extends readonly unknown[]> = { readonly [I in keyof T]: () => Promise<T[I]> };

/** Weights.all, one after another. */
export async function inTurn<T extends readonly unknown[]>(loads: Loads<T>): Promise<T> {
  const loaded: unknown[] = [];
  for (const load of loads) loaded.push(await load());
  return loaded as unknown as T;
}
