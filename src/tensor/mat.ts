/**
 * Mat: a two-dimensional f32 view, row-major with a row stride, over memory that a backend owns.
 *
 * Everything inside a pass is a Mat: hidden states are [T, C], one head's queries are a Mat of D columns whose stride is still C.
 * `storage` belongs to the backend (a Float32Array, a wasm memory, a GPU buffer); `offset` and `stride` count f32 elements.
 *
 * Single assignment: within a pass each Mat is written by exactly one op, `out` never aliases an input,
 * and views (`rows`, `columns`) of an input are read, never written through. Disjoint views of one `out` may be written one after another.
 */

import { ShapeError } from "../errors.ts";

/** A run of rows: [first, first + count). */
export interface Rows {
  readonly first: number;
  readonly count: number;
}

export class Mat {
  readonly storage: unknown;
  readonly offset: number;
  readonly rows: number;
  readonly cols: number;
  readonly stride: number;

  constructor(storage: unknown, offset: number, rows: number, cols: number, stride = cols) {
    this.storage = storage;
    this.offset = offset;
    this.rows = rows;
    this.cols = cols;
    this.stride = stride;
  }

  get shape(): readonly number[] {
    return [this.rows, this.cols];
  }

  /** The rows of `rows`, same columns. */
  slice({ first, count }: Rows): Mat {
    if (first < 0 || count < 0 || first + count > this.rows) {
      throw new ShapeError(`Mat.slice: rows ${first}..${first + count} are outside [${this.rows}, ${this.cols}]`);
    }
    return new Mat(this.storage, this.offset + first * this.stride, count, this.cols, this.stride);
  }

  /** Columns [first, first + count), same rows. */
  columns(first: number, count: number): Mat {
    if (first < 0 || count < 0 || first + count > this.cols) {
      throw new ShapeError(`Mat.columns: columns ${first}..${first + count} are outside [${this.rows}, ${this.cols}]`);
    }
    return new Mat(this.storage, this.offset + first, this.rows, count, this.stride);
  }

  /** The same elements as another [rows, cols]; only for a Mat without gaps between its rows. */
  reshape(rows: number, cols: number): Mat {
    if (this.stride !== this.cols || rows * cols !== this.rows * this.cols) {
      throw new ShapeError(`Mat.reshape: [${this.rows}, ${this.cols}] with row stride ${this.stride} cannot be seen as [${rows}, ${cols}]`);
    }
    return new Mat(this.storage, this.offset, rows, cols);
  }
}
