/**
 * The k best of a stream of (score, id): some more than k are gathered, then all but the k best let go. O(n log k) time, O(k) memory.
 * Of equal scores the one with the lower id ranks higher, so that the answer does not depend on the order of arrival or on blocks.
 */

export interface Scored {
  readonly score: number;
  readonly id: number;
}

/** How many more than k are gathered at least: the threshold rises with each clearing. */
const LEAST_SURPLUS = 8;

export class TopK {
  readonly #k: number;
  #gathered: Scored[] = [];
  #threshold = Number.NEGATIVE_INFINITY;

  constructor(k: number) {
    this.#k = k;
  }

  /** What a new score must at least be to enter; -Infinity at first. */
  get threshold(): number {
    return this.#threshold;
  }

  push(score: number, id: number): void {
    if (this.#gathered.push({ score, id }) < 2 * this.#k + LEAST_SURPLUS) return;
    this.#gathered = this.sorted();
    this.#threshold = this.#gathered.at(-1)!.score;
  }

  /** The k best (or as many as there are), best first. */
  sorted(): Scored[] {
    return this.#gathered.sort((a, b) => b.score - a.score || a.id - b.id).slice(0, this.#k);
  }
}
