/**
 * Rows of sentence vectors for search: a growing block [rows, C] in one Float32Array, and dot products of one vector with all of its rows.
 * Sums run in float64 over C in order, so a score has the same bits whatever the block around it.
 */

import { check, checkList } from "../checks.ts";
import { ShapeError } from "../errors.ts";

/** A vector's length never counts as less than this, as torch.nn.functional.normalize. */
const SMALLEST_NORM = 1e-12;

export function norm(vector: Float32Array): number {
  let sum = 0;
  for (let c = 0; c < vector.length; c++) sum += vector[c]! * vector[c]!;
  return Math.max(Math.sqrt(sum), SMALLEST_NORM);
}

/** A new vector of Euclidean length 1 (a zero vector stays zero). */
export function normalized(vector: Float32Array): Float32Array {
  const length = norm(vector);
  return vector.map((value) => value / length);
}

/** @throws ConfigError for what is no list of vectors, ShapeError when they differ in length; @returns C, or undefined without vectors */
export function checkSameLength(vectors: readonly Float32Array[], what: string, expected?: number): number | undefined {
  let C = expected;
  checkList(vectors, what, "a list of Float32Array, one a text");
  vectors.forEach((vector: unknown, i) => {
    check(isVector(vector), `${what}: vector ${i}`, "a Float32Array", vector);
    C ??= vector.length;
    if (vector.length !== C) throw new ShapeError(`${what}: vector ${i} has ${vector.length} dimensions, expected ${C} as in the others`);
  });
  return C;
}

/** By its tag, since a vector may come from another realm (a frame, a test runner's context). */
function isVector(value: unknown): value is Float32Array {
  return Object.prototype.toString.call(value) === "[object Float32Array]";
}

/** Up to `capacity` vectors of C dimensions, one after another. */
export class VectorBlock {
  readonly C: number;
  readonly capacity: number;
  readonly #data: Float32Array;
  #rows = 0;

  /** @param data where the rows are kept: [capacity, C] */
  constructor(C: number, capacity: number, data: Float32Array = new Float32Array(C * capacity)) {
    this.C = C;
    this.capacity = capacity;
    this.#data = data;
  }

  get rows(): number {
    return this.#rows;
  }

  add(vector: Float32Array): void {
    this.#data.set(vector, this.#rows * this.C);
    this.#rows++;
  }

  clear(): void {
    this.#rows = 0;
  }

  /** scores[r] = vector · row r, r < rows. Four rows at a time share each load of the vector. */
  dot(scores: Float64Array, vector: Float32Array, rows = this.#rows): void {
    const { C } = this;
    const data = this.#data;
    let r = 0;
    for (; r + 4 <= rows; r += 4) {
      const row0 = r * C;
      const row1 = row0 + C;
      const row2 = row1 + C;
      const row3 = row2 + C;
      let sum0 = 0;
      let sum1 = 0;
      let sum2 = 0;
      let sum3 = 0;
      for (let c = 0; c < C; c++) {
        const value = vector[c]!;
        sum0 += value * data[row0 + c]!;
        sum1 += value * data[row1 + c]!;
        sum2 += value * data[row2 + c]!;
        sum3 += value * data[row3 + c]!;
      }
      scores[r] = sum0;
      scores[r + 1] = sum1;
      scores[r + 2] = sum2;
      scores[r + 3] = sum3;
    }
    for (; r < rows; r++) {
      const row = r * C;
      let sum = 0;
      for (let c = 0; c < C; c++) sum += vector[c]! * data[row + c]!;
      scores[r] = sum;
    }
  }
}
