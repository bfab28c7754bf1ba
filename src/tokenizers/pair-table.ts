/**
 * BPE's merges: (left id, right id) -> rank in the list and id of the merged token. An open-addressing hash table over typed arrays;
 * where a pair is listed twice, the last entry counts.
 */

export class PairTable {
  #lefts: Uint32Array;
  #rights: Uint32Array;
  #ranks: Int32Array;
  #merged: Uint32Array;
  readonly #table: Int32Array;
  readonly #mask: number;
  #count = 0;

  /** For at most `capacity` pairs. */
  constructor(capacity: number) {
    this.#lefts = new Uint32Array(capacity);
    this.#rights = new Uint32Array(capacity);
    this.#ranks = new Int32Array(capacity);
    this.#merged = new Uint32Array(capacity);
    let slots = 16;
    while (slots < capacity * 2) slots *= 2;
    this.#table = new Int32Array(slots);
    this.#mask = slots - 1;
  }

  set(left: number, right: number, rank: number, merged: number): void {
    let slot = slotOfPair(left, right, this.#mask);
    for (let entry = this.#table[slot]! - 1; entry >= 0; entry = this.#table[slot]! - 1) {
      if (this.#lefts[entry] === left && this.#rights[entry] === right) {
        this.#ranks[entry] = rank;
        this.#merged[entry] = merged;
        return;
      }
      slot = (slot + 1) & this.#mask;
    }
    const entry = this.#count++;
    this.#lefts[entry] = left;
    this.#rights[entry] = right;
    this.#ranks[entry] = rank;
    this.#merged[entry] = merged;
    this.#table[slot] = entry + 1;
  }

  /** The entry of a pair, or -1. */
  find(left: number, right: number): number {
    let slot = slotOfPair(left, right, this.#mask);
    for (;;) {
      const entry = this.#table[slot]! - 1;
      if (entry < 0 || (this.#lefts[entry] === left && this.#rights[entry] === right)) return entry;
      slot = (slot + 1) & this.#mask;
    }
  }

  rankOf(entry: number): number {
    return this.#ranks[entry]!;
  }
  mergedOf(entry: number): number {
    return this.#merged[entry]!;
  }
}

/** Where a pair of numbers belongs in a table of mask + 1 slots. */
export function slotOfPair(left: number, right: number, mask: number): number {
  const hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
  return (hash ^ (hash >>> 15)) & mask;
}
