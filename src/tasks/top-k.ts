/**
 * The k best of a stream of (score, id), kept in a binary min-heap: O(n log k) time, O(k) memory.
 * Of equal scores the one with the lower id ranks higher, so that the answer does not depend on the order of arrival or on blocks. NaN is above
 * every number, as in torch.topk: what damaged weights or vectors give is seen.
 */

export class TopK {
  readonly #k: number;
  readonly #scores: number[] = [];
  readonly #ids: number[] = [];

  constructor(k: number) {
    this.#k = k;
  }

  /** What a new score must beat (or equal, with a lower id) to enter: -Infinity until k have come. To skip what is below, ask `!(score < threshold)`, which NaN passes. */
  get threshold(): number {
    return this.#scores.length < this.#k ? Number.NEGATIVE_INFINITY : this.#scores[0]!;
  }

  push(score: number, id: number): void {
    const size = this.#scores.length;
    if (size < this.#k) {
      this.#scores.push(score);
      this.#ids.push(id);
      this.#rise(size);
    } else if (size > 0 && this.#isWorse(this.#scores[0]!, this.#ids[0]!, score, id)) {
      this.#scores[0] = score;
      this.#ids[0] = id;
      this.#sink();
    }
  }

  /** Best first. */
  sorted(): { score: number; id: number }[] {
    return this.#scores
      .map((score, at) => ({ score, id: this.#ids[at]! }))
      .sort((a, b) => (this.#isWorse(a.score, a.id, b.score, b.id) ? 1 : -1));
  }

  #isWorse(score: number, id: number, thanScore: number, thanId: number): boolean {
    if (score < thanScore) return true;
    if (score > thanScore) return false;
    const isNaNs = Number.isNaN(score); // equal, or one of them is NaN
    return isNaNs === Number.isNaN(thanScore) ? id > thanId : !isNaNs;
  }

  #rise(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#worseAt(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #sink(): void {
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      let worst = at;
      if (left < this.#scores.length && this.#worseAt(left, worst)) worst = left;
      if (left + 1 < this.#scores.length && this.#worseAt(left + 1, worst)) worst = left + 1;
      if (worst === at) return;
      this.#swap(at, worst);
      at = worst;
    }
  }

  #worseAt(a: number, b: number): boolean {
    return this.#isWorse(this.#scores[a]!, this.#ids[a]!, this.#scores[b]!, this.#ids[b]!);
  }

  #swap(a: number, b: number): void {
    [this.#scores[a], this.#scores[b]] = [this.#scores[b]!, this.#scores[a]!];
    [this.#ids[a], this.#ids[b]] = [this.#ids[b]!, this.#ids[a]!];
  }
}
