/**
 * The two ways of merging a word's symbols (bpe.ts says what merging is). Both change `symbols` and return the steps they took.
 */

import type { PairTable } from "./pair-table.ts";

/** The tokens of a word: ids, and how much of the word each stands for. */
export interface Symbols {
  ids: number[];
  sizes: number[];
  /** Sizes are in UTF-16 units; else in bytes of the word's UTF-8. */
  readonly inUnits: boolean;
}

/** The definition: look at all pairs, merge the leftmost one of the lowest rank, start again. */
export function mergeByScanning({ ids, sizes }: Symbols, merges: PairTable): number {
  let steps = 0;
  for (;;) {
    let best = -1;
    let at = 0;
    for (let i = 0; i + 1 < ids.length; i++) {
      const entry = merges.find(ids[i]!, ids[i + 1]!);
      if (entry >= 0 && (best < 0 || merges.rankOf(entry) < merges.rankOf(best))) {
        best = entry;
        at = i;
      }
    }
    steps += ids.length;
    if (best < 0) return steps;
    ids[at] = merges.mergedOf(best);
    sizes[at]! += sizes[at + 1]!;
    ids.splice(at + 1, 1);
    sizes.splice(at + 1, 1);
  }
}

/**
 * The same for long words. The places of the pairs are kept in one list per rank, the ranks in a heap. The lowest rank's list is worked through
 * from left to right; a merge makes two new pairs at most, whose places join their lists. Each place is listed at most three times
 * per symbol, so lists grow with the word; the heap only with the number of different ranks.
 */
export function mergeByRank(symbols: Symbols, merges: PairTable): number {
  const { ids, sizes } = symbols;
  const count = ids.length;
  const previous = Int32Array.from({ length: count }, (_, i) => i - 1);
  const next = Int32Array.from({ length: count }, (_, i) => (i + 1 < count ? i + 1 : -1));
  const queue = new RankQueue();
  let steps = 0;
  const offer = (left: number): void => {
    steps++;
    const entry = merges.find(ids[left]!, ids[next[left]!]!);
    if (entry >= 0) queue.push(merges.rankOf(entry), left);
  };
  for (let i = 0; i + 1 < count; i++) offer(i);
  for (let left = queue.pop(); left >= 0; left = queue.pop()) {
    steps++;
    const right = sizes[left] === GONE ? -1 : next[left]!;
    if (right < 0) continue;
    // The pair may have changed since it was listed.
    const entry = merges.find(ids[left]!, ids[right]!);
    if (entry < 0 || merges.rankOf(entry) !== queue.rank) continue;
    ids[left] = merges.mergedOf(entry);
    sizes[left]! += sizes[right]!;
    sizes[right] = GONE;
    const after = next[right]!;
    next[left] = after;
    if (after >= 0) previous[after] = left;
    if (previous[left]! >= 0) offer(previous[left]!);
    if (after >= 0) offer(left);
  }
  symbols.ids = ids.filter((_, i) => sizes[i] !== GONE);
  symbols.sizes = sizes.filter((size) => size !== GONE);
  return steps + queue.steps;
}

const GONE = -1;

/** Places by rank: lowest rank first, within a rank from left to right. */
class RankQueue {
  /** The rank of the place that pop returned last. */
  rank = -1;
  steps = 0;
  readonly #lists = new Map<number, PlaceList>();
  /** Ranks with places left, as a binary heap. */
  readonly #heap: number[] = [];

  push(rank: number, place: number): void {
    let list = this.#lists.get(rank);
    if (list === undefined) {
      list = { places: [], at: 0, sorted: true };
      this.#lists.set(rank, list);
    }
    if (list.at === list.places.length) {
      list.places.length = 0;
      list.at = 0;
      list.sorted = true;
      this.#heapPush(rank);
    } else if (place < list.places.at(-1)!) list.sorted = false;
    list.places.push(place);
    this.steps++;
  }

  pop(): number {
    const rank = this.#heap[0];
    if (rank === undefined) return -1;
    this.rank = rank;
    const list = this.#lists.get(rank)!;
    if (!list.sorted) {
      list.places = Array.from(Int32Array.from(list.places.slice(list.at)).sort());
      list.at = 0;
      list.sorted = true;
    }
    const place = list.places[list.at++]!;
    this.steps++;
    if (list.at === list.places.length) this.#heapPop();
    return place;
  }

  #heapPush(rank: number): void {
    const heap = this.#heap;
    let i = heap.length;
    heap.push(rank);
    for (let parent = (i - 1) >> 1; i > 0 && heap[parent]! > rank; parent = (i - 1) >> 1) {
      heap[i] = heap[parent]!;
      i = parent;
      this.steps++;
    }
    heap[i] = rank;
  }

  #heapPop(): void {
    const heap = this.#heap;
    const rank = heap.pop()!;
    const { length } = heap;
    if (length === 0) return;
    let i = 0;
    for (let child = 1; child < length; child = 2 * i + 1) {
      if (child + 1 < length && heap[child + 1]! < heap[child]!) child++;
      if (heap[child]! >= rank) break;
      heap[i] = heap[child]!;
      i = child;
      this.steps++;
    }
    heap[i] = rank;
  }
}

interface PlaceList {
  places: number[];
  /** Places before this one are done. */
  at: number;
  sorted: boolean;
}
