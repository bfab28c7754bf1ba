/**
 * Scratch: a stack of f32 memory with frames, for backends whose Mats live in Float32Arrays.
 *
 *   alloc   moves the top up;   frame   runs a body and moves the top back to where it was
 *
 * Memory comes in slabs that are never moved or given back before `dispose`, because Mats point into them. A pass makes the same
 * requests whenever its shapes repeat, so it walks the same slabs again and allocates nothing: `stats` lets tests assert that.
 * The content of new scratch is whatever was there before.
 */

import { Mat } from "./mat.ts";

export interface ScratchStats {
  /** Slabs: unchanged by a pass whose shapes were seen before. */
  readonly slabs: number;
  /** f32 elements of all slabs. */
  readonly capacity: number;
  /** f32 elements below the top: 0 between passes. */
  readonly inUse: number;
}

/** Every allocation starts at a multiple of 16 floats: one cache line. */
const ALIGNMENT = 16;
/** The first slab: 1 MiB, enough for short texts. */
const FIRST_SLAB = 1 << 18;

export class Scratch {
  readonly #slabs: Float32Array[] = [];
  #slab = 0;
  #top = 0;

  /** A Mat [rows, cols], uninitialised, valid until the frame that encloses this call ends. */
  alloc(rows: number, cols: number): Mat {
    const size = rows * cols;
    let slab = this.#slabs[this.#slab];
    while (slab === undefined || this.#top + size > slab.length) {
      if (slab !== undefined) {
        this.#slab++;
        this.#top = 0;
      }
      slab = this.#slabs[this.#slab] ?? this.#grow(size);
    }
    const offset = this.#top;
    this.#top = Math.ceil((offset + size) / ALIGNMENT) * ALIGNMENT;
    return new Mat(slab, offset, rows, cols);
  }

  /** Runs `body`; what it allocated is free again afterwards, also when it throws. */
  frame<R>(body: () => R): R {
    const [slab, top] = [this.#slab, this.#top];
    try {
      return body();
    } finally {
      this.#slab = slab;
      this.#top = top;
    }
  }

  get stats(): ScratchStats {
    const sizeOf = (slabs: readonly Float32Array[]) => slabs.reduce((sum, slab) => sum + slab.length, 0);
    return { slabs: this.#slabs.length, capacity: sizeOf(this.#slabs), inUse: sizeOf(this.#slabs.slice(0, this.#slab)) + this.#top };
  }

  /** Gives all memory back; Mats made before are no longer valid. */
  dispose(): void {
    this.#slabs.length = 0;
    this.#slab = 0;
    this.#top = 0;
  }

  /** Each slab is as large as all before it, so that a growing model needs few. */
  #grow(size: number): Float32Array {
    const slab = new Float32Array(Math.max(FIRST_SLAB, size, this.stats.capacity));
    this.#slabs.push(slab);
    return slab;
  }
}
