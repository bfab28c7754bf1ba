/**
 * The tokens of one sequence before special tokens and windows: parallel typed arrays, one entry per token. They grow, and are used again for the
 * next text: most of the time in tokenizing many short texts would otherwise go into making and collecting lists.
 */

import { resized } from "../numbers/resized.ts";

/** Room that is kept for the next text; what a longer one needed is given back. */
const KEPT_TOKENS = 1 << 14;

export class Pieces {
  ids = new Uint32Array(64);
  /** Range of the original string, in UTF-16 units. */
  starts = new Int32Array(64);
  ends = new Int32Array(64);
  /** Which word of the sequence. */
  words = new Int32Array(64);
  length = 0;
  /** The token's own string where it is not the model's string of its id: an unknown piece of a Unigram model, " <mask>" with its space. */
  readonly values = new Map<number, string>();

  push(id: number, start: number, end: number, word: number): void {
    const at = this.length;
    if (at === this.ids.length) this.#resize(at * 2);
    this.ids[at] = id;
    this.starts[at] = start;
    this.ends[at] = end;
    this.words[at] = word;
    this.length = at + 1;
  }

  /** Forgets all tokens from `length` on. */
  truncate(length: number): void {
    this.length = length;
  }

  /** Empty, for the next text. */
  clear(): void {
    this.length = 0;
    this.values.clear();
    if (this.ids.length > KEPT_TOKENS) this.#resize(KEPT_TOKENS);
  }

  #resize(capacity: number): void {
    this.ids = resized(this.ids, capacity);
    this.starts = resized(this.starts, capacity);
    this.ends = resized(this.ends, capacity);
    this.words = resized(this.words, capacity);
  }
}
