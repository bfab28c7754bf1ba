/**
 * The tokens of one sequence before special tokens and windows: parallel lists, one entry per token.
 */

export class Pieces {
  readonly ids: number[] = [];
  /** Range of the original string, in UTF-16 units. */
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  /** Which word of the sequence. */
  readonly words: number[] = [];
  /** The token's own string where it is not the model's string of its id: an unknown piece of a Unigram model, " <mask>" with its space. */
  readonly values = new Map<number, string>();

  get length(): number {
    return this.ids.length;
  }

  push(id: number, start: number, end: number, word: number): void {
    this.ids.push(id);
    this.starts.push(start);
    this.ends.push(end);
    this.words.push(word);
  }

  /** Forgets all tokens from `length` on. */
  truncate(length: number): void {
    this.ids.length = length;
    this.starts.length = length;
    this.ends.length = length;
    this.words.length = length;
  }
}
