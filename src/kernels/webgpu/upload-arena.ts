/**
 * What a pass brings from the CPU, laid one after another: index arrays (cuSeqlens, positions, buckets) and embedding rows.
 *
 * Kernels get the position of their part as a parameter, counted in 32-bit elements. An array that several ops of a pass
 * share, such as the block list of all layers' attention, is stored once: `shared` remembers it by a key of the caller.
 */

export class UploadArena {
  #buffer = new ArrayBuffer(1 << 16);
  #elements = 0;
  readonly #known = new Map<object, Map<string, number>>();

  get buffer(): ArrayBuffer {
    return this.#buffer;
  }
  get bytes(): number {
    return this.#elements * 4;
  }

  clear(): void {
    this.#elements = 0;
    this.#known.clear();
  }

  /** Stores `values`, returns the element they start at. */
  ints(values: ArrayLike<number>): number {
    const start = this.#reserve(values.length);
    new Int32Array(this.#buffer, start * 4, values.length).set(values);
    return start;
  }

  /** Room for `count` floats, filled by `fill`; returns the element they start at. */
  floats(count: number, fill: (out: Float32Array) => void): number {
    const start = this.#reserve(count);
    fill(new Float32Array(this.#buffer, start * 4, count));
    return start;
  }

  /** As `ints`, once a pass for the same `owner` and `what`. */
  shared(owner: object, what: string, values: () => ArrayLike<number>): number {
    const parts = this.#known.get(owner) ?? new Map<string, number>();
    this.#known.set(owner, parts);
    const start = parts.get(what) ?? this.ints(values());
    parts.set(what, start);
    return start;
  }

  #reserve(count: number): number {
    const start = this.#elements;
    this.#elements += count;
    if (this.bytes > this.#buffer.byteLength) {
      const larger = new Uint8Array(2 ** Math.ceil(Math.log2(this.bytes)));
      larger.set(new Uint8Array(this.#buffer, 0, start * 4));
      this.#buffer = larger.buffer;
    }
    return start;
  }
}
