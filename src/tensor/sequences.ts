/**
 * A ragged batch: B sequences laid one after another as T rows, and their running lengths.
 *
 *   cuSeqlens = [0, S0, S0 + S1, ..., T]        (B + 1 numbers; the name is FlashAttention's `cu_seqlens`)
 *
 * There is no padding and so no mask: linear layers and norms see T rows, attention and pooling work inside each sequence.
 */

import { ShapeError } from "../errors.ts";
import type { Rows } from "./mat.ts";

export class Sequences {
  readonly cuSeqlens: Int32Array;
  readonly B: number;
  readonly T: number;
  readonly maxS: number;

  constructor(lengths: readonly number[]) {
    this.B = lengths.length;
    this.cuSeqlens = new Int32Array(this.B + 1);
    let maxS = 0;
    for (let b = 0; b < this.B; b++) {
      const S = lengths[b]!;
      if (!Number.isInteger(S) || S < 1) throw new ShapeError(`Sequences: sequence ${b} has length ${S}; each needs at least one token`);
      this.cuSeqlens[b + 1] = this.cuSeqlens[b]! + S;
      maxS = Math.max(maxS, S);
    }
    this.T = this.cuSeqlens[this.B]!;
    this.maxS = maxS;
  }

  /** Length S of sequence b. */
  lengthOf(b: number): number {
    return this.cuSeqlens[b + 1]! - this.cuSeqlens[b]!;
  }

  /** The rows of sequence b in a [T, ...] Mat. */
  rowsOf(b: number): Rows {
    return { first: this.cuSeqlens[b]!, count: this.lengthOf(b) };
  }

  /** Position of each token in its own sequence, counted from `first`: [T]. */
  positions(first = 0): Int32Array {
    const positions = new Int32Array(this.T);
    for (let b = 0; b < this.B; b++) {
      const start = this.cuSeqlens[b]!;
      const end = this.cuSeqlens[b + 1]!;
      for (let t = start; t < end; t++) positions[t] = first + t - start;
    }
    return positions;
  }

  /** Row of the first token of each sequence: [B]. */
  firstRows(): Int32Array {
    return this.cuSeqlens.slice(0, this.B);
  }

  /** Row of the last token of each sequence: [B]. */
  lastRows(): Int32Array {
    return this.cuSeqlens.slice(1).map((end) => end - 1);
  }
}
