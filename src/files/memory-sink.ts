/**
 * A download into memory: one array of the announced size, or growing pieces where none was announced.
 * One array, because a model of 90 MB in pieces would need 180 MB for the moment in which they are joined.
 */

import { DownloadError } from "../errors.ts";
import type { Sink } from "./transfer.ts";

/** Beyond this the announced size is not believed before the bytes are seen. */
const largestPromise = 2 ** 30;
/** A body that does not end must not take all memory: no array can be longer in every runtime. */
const longest = 2 ** 32;

export class MemorySink implements Sink {
  #whole: Uint8Array;
  readonly #isGiven: boolean;
  /** What came after `#whole` was full. */
  #pieces: Uint8Array[] = [];
  #at = 0;

  /** @param target where the bytes go, if it is known that they fit */
  constructor(target?: Uint8Array) {
    this.#whole = target ?? new Uint8Array(0);
    this.#isGiven = target !== undefined;
  }

  expect(size: number): void {
    if (!this.#isGiven && size <= largestPromise) this.#whole = new Uint8Array(size);
  }

  write(chunk: Uint8Array): void {
    const next = this.#at + chunk.length;
    if (next > longest)
      throw new DownloadError(`more than ${longest / 2 ** 30} GiB came for one file in memory; use a folder or the Hub's cache.`);
    if (this.#pieces.length === 0 && next <= this.#whole.length) this.#whole.set(chunk, this.#at);
    else {
      if (this.#pieces.length === 0) this.#pieces.push(this.#whole.subarray(0, this.#at));
      this.#pieces.push(chunk);
    }
    this.#at = next;
  }

  restart(): void {
    if (!this.#isGiven) this.#whole = new Uint8Array(0);
    this.#pieces = [];
    this.#at = 0;
  }

  /** What has come; once. */
  bytes(): Uint8Array {
    if (this.#pieces.length === 0) return this.#whole.subarray(0, this.#at);
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
