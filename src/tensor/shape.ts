/**
 * Named axes: one string is the comment, the type and the run-time check of a shape.
 *
 * The alphabet, declared once and used in every name and shape string:
 *   B sequences in a batch    T tokens of the whole batch   S tokens of one sequence
 *   C channels (hidden size)  E embedding size              H heads        D channels of a head (C / H)
 *   F feed-forward size       V vocabulary                  P positions    R relative buckets
 *   L layers                  K classes                     inside a GEMM only: M, N, K
 *
 * `dims(x, "T C", { C: 384 })` binds T from x's shape and demands C = 384; a letter seen twice must agree.
 * Axes carry names, not arithmetic: D = C / H is checked where a model is configured.
 */

import { ShapeError } from "../errors.ts";

/** A row-major result owned by the caller. `Axes` names the dimensions, e.g. Tensor<"S C">. */
export interface Tensor<Axes extends string = string> {
  readonly axes?: Axes;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** The letters of a shape string: AxisOf<"T C"> is "T" | "C". */
export type AxisOf<Axes extends string> = Axes extends `${infer First} ${infer Rest}` ? First | AxisOf<Rest> : Axes;

/**
 * Sizes of the axes named in `axes`, checked against `shape`.
 * @param known sizes that must agree with what is found
 * @throws ShapeError naming the axes expected and the shape found
 */
export function dims<Axes extends string>(
  x: { readonly shape: readonly number[] },
  axes: Axes,
  known: Partial<Readonly<Record<string, number>>> = {},
  what = "tensor",
): Record<AxisOf<Axes>, number> {
  const letters = axes.split(" ");
  const sizes: Record<string, number> = {};
  let fits = letters.length === x.shape.length;
  for (let axis = 0; fits && axis < letters.length; axis++) {
    const letter = letters[axis]!;
    const size = x.shape[axis]!;
    const expected = sizes[letter] ?? known[letter];
    fits = expected === undefined || expected === size;
    sizes[letter] = size;
  }
  if (!fits) {
    const bound = letters.filter((letter) => known[letter] !== undefined).map((letter) => `${letter} = ${known[letter]}`);
    throw new ShapeError(`${what}: expected [${axes}]${bound.length > 0 ? ` with ${bound.join(", ")}` : ""}, got [${x.shape.join(", ")}]`);
  }
  return sizes as Record<AxisOf<Axes>, number>;
}

/** A tensor of zeros, or around `data` when given. */
export function tensor<Axes extends string>(axes: Axes, shape: readonly number[], data?: Float32Array): Tensor<Axes> {
  const size = shape.reduce((product, length) => product * length, 1);
  if (axes.split(" ").length !== shape.length) throw new ShapeError(`tensor: axes "${axes}" do not name the shape [${shape.join(", ")}]`);
  if (data && data.length !== size) {
    throw new ShapeError(`tensor: [${shape.join(", ")}] holds ${size} values, the data has ${data.length}`);
  }
  return { axes, shape, data: data ?? new Float32Array(size) };
}
