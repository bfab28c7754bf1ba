/**
 * A trie over UTF-16 units whose edges lie in one open-addressing hash table: (node, unit) -> node. Finds all pieces that start at a place in
 * one walk that ends where no piece goes on.
 */

import { resized } from "../numbers/resized.ts";
import { slotOfPair } from "./pair-table.ts";

export class PieceTrie {
  /** Id of the piece that ends at a node, or -1. */
  readonly #ids: number[] = [-1];
  #parents = new Int32Array(1024);
  #units = new Uint16Array(1024);
  /** Node per slot, 0 = free (the root is nobody's child). */
  #table = new Int32Array(2048);
  #nodes = 1;

  constructor(pieces: readonly string[]) {
    pieces.forEach((piece, id) => {
      let node = 0;
      for (let i = 0; i < piece.length; i++) node = this.#ensure(node, piece.charCodeAt(i));
      // As in the reference, the last of equal pieces counts.
      if (node > 0) this.#ids[node] = id;
    });
  }

  /** The node that `unit` leads to, or -1. */
  child(node: number, unit: number): number {
    const mask = this.#table.length - 1;
    for (let slot = slotOfPair(node, unit, mask); ; slot = (slot + 1) & mask) {
      const found = this.#table[slot]!;
      if (found === 0) return -1;
      if (this.#parents[found] === node && this.#units[found] === unit) return found;
    }
  }

  idAt(node: number): number {
    return this.#ids[node]!;
  }

  #ensure(parent: number, unit: number): number {
    const known = this.child(parent, unit);
    if (known > 0) return known;
    if (this.#nodes === this.#parents.length) this.#grow();
    const node = this.#nodes++;
    this.#parents[node] = parent;
    this.#units[node] = unit;
    this.#ids.push(-1);
    this.#insert(node);
    return node;
  }

  #insert(node: number): void {
    const mask = this.#table.length - 1;
    let slot = slotOfPair(this.#parents[node]!, this.#units[node]!, mask);
    while (this.#table[slot] !== 0) slot = (slot + 1) & mask;
    this.#table[slot] = node;
  }

  #grow(): void {
    this.#parents = resized(this.#parents, this.#nodes * 2);
    this.#units = resized(this.#units, this.#nodes * 2);
    this.#table = new Int32Array(this.#nodes * 4);
    for (let node = 1; node < this.#nodes; node++) this.#insert(node);
  }
}
