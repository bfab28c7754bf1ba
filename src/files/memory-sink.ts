/**
 * A download into memory: one array of the announced size, or growing pieces where none was announced.
 * One array, because a model of 90 MB in pieces would need 180 MB for the moment in which they are joined.
 */

import type { Sink } from "./transfer.ts";

/** Beyond this the announced size is not believed before the bytes are seen. */
const largestPromise = 2 ** 30;

export class MemorySink implements Sink {
  #whole: Uint8Array | undefined;
  #pieces: Uint8Array[] = [];
  #at = 0;

  expect(size: number): void {
    if (size <= largestPromise) this.#whole = new Uint8Array(size);
  }

  write(chunk: Uint8Array): void {
    if (this.#whole === undefined) this.#pieces.push(chunk);
    else this.#whole.set(chunk, this.#at);
    this.#at += chunk.length;
  }

  restart(): void {
    this.#whole = undefined;
    this.#pieces = [];
    this.#at = 0;
  }

  /** What has come; once. */
  bytes(): Uint8Array {
    if (this.#whole !== undefined) return this.#whole.subarray(0, this.#at);
    const bytes = new Uint8Array(this.#at);
    let at = 0;
    for (const piece of this.#pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    this.#pieces = [];
    return bytes;
  }
}
