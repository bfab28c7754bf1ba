/**
 * token <-> id for tens of thousands of tokens without tens of thousands of objects.
 * All tokens lie one after the other in one array of UTF-16 units; an open-addressing hash table maps a token's hash (FNV-1a over units)
 * to its entry. A lookup takes units of any array, so that tokenizing makes no strings, and a hash can be carried on unit by unit, which gives
 * WordPiece the hashes of all prefixes of a word for the price of one. Building it for BERT's 30,522 words takes a few milliseconds where
 * JSON.parse and a Map take 50.
 */

import { unitsToString } from "./aligned-text.ts";

export const HASH_SEED = 0x811c9dc5 | 0;

/** FNV-1a with one more unit. */
export function hashUnit(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, 0x01000193);
}

/** FNV's low bits are its weak ones in short keys: fold the high half in before masking. */
function slotOf(hash: number, mask: number): number {
  return (hash ^ (hash >>> 15)) & mask;
}

export class Vocabulary {
  #units: Uint16Array;
  #used = 0;
  /** Where entry e's units start; they end where entry e + 1's start. */
  #offsets: Int32Array;
  #ids: Int32Array;
  #hashes: Int32Array;
  #count = 0;
  /** Entry + 1 per slot, 0 = free. */
  #table: Int32Array;
  #mask: number;
  /** Entry + 1 by id, made when first asked for; a Map where ids are sparse. */
  #byId: Int32Array | Map<number, number> | undefined;
  readonly #strings: (string | undefined)[] = [];
  #longest = 0;

  constructor(capacityTokens = 1024, capacityUnits = capacityTokens * 8) {
    this.#units = new Uint16Array(capacityUnits);
    this.#offsets = new Int32Array(capacityTokens + 1);
    this.#ids = new Int32Array(capacityTokens);
    this.#hashes = new Int32Array(capacityTokens);
    let slots = 16;
    while (slots < capacityTokens * 2) slots *= 2;
    this.#table = new Int32Array(slots);
    this.#mask = slots - 1;
  }

  static from(tokens: Iterable<readonly [token: string, id: number]>): Vocabulary {
    const vocabulary = new Vocabulary();
    for (const [token, id] of tokens) vocabulary.add(token, id);
    return vocabulary;
  }

  get size(): number {
    return this.#count;
  }

  /** Units of the longest token: no longer piece can be in the vocabulary. */
  get longest(): number {
    return this.#longest;
  }

  add(token: string, id: number): void {
    for (let i = 0; i < token.length; i++) this.unit(token.charCodeAt(i));
    this.commit(id);
  }

  /** Appends a unit to the token that the next commit() will add. */
  unit(unit: number): void {
    if (this.#used === this.#units.length) this.#units = grown(this.#units, new Uint16Array(this.#used * 2 + 16));
    this.#units[this.#used++] = unit;
  }

  /** Adds the units since the last commit as a token; a token that is there already only takes the new id (as in the reference, the last one wins). */
  commit(id: number): void {
    const from = this.#offsets[this.#count]!;
    const to = this.#used;
    let hash = HASH_SEED;
    for (let i = from; i < to; i++) hash = hashUnit(hash, this.#units[i]!);
    const known = this.find(hash, this.#units, from, to);
    this.#byId = undefined;
    if (known >= 0) {
      this.#ids[known] = id;
      this.#used = from;
      return;
    }
    const entry = this.#count++;
    if (this.#count === this.#ids.length) this.#grow();
    this.#offsets[entry + 1] = to;
    this.#ids[entry] = id;
    this.#hashes[entry] = hash;
    if (to - from > this.#longest) this.#longest = to - from;
    this.#insert(entry, hash);
  }

  #insert(entry: number, hash: number): void {
    let slot = slotOf(hash, this.#mask);
    while (this.#table[slot] !== 0) slot = (slot + 1) & this.#mask;
    this.#table[slot] = entry + 1;
  }

  #grow(): void {
    const capacity = this.#ids.length * 2;
    this.#ids = grown(this.#ids, new Int32Array(capacity));
    this.#hashes = grown(this.#hashes, new Int32Array(capacity));
    this.#offsets = grown(this.#offsets, new Int32Array(capacity + 1));
    if (capacity * 2 <= this.#table.length) return;
    this.#table = new Int32Array(this.#table.length * 2);
    this.#mask = this.#table.length - 1;
    for (let entry = 0; entry < this.#count - 1; entry++) this.#insert(entry, this.#hashes[entry]!);
  }

  /**
   * The entry of the token that is `prefix` followed by units[from, to), or -1. `hash` is that of the whole; `prefix` is only compared.
   */
  find(hash: number, units: Uint16Array, from: number, to: number, prefix?: Uint16Array): number {
    const length = to - from;
    const lead = prefix === undefined ? 0 : prefix.length;
    let slot = slotOf(hash, this.#mask);
    for (;;) {
      const entry = this.#table[slot]! - 1;
      if (entry < 0) return -1;
      if (this.#hashes[entry] === hash) {
        const at = this.#offsets[entry]!;
        if (this.#offsets[entry + 1]! - at === lead + length) {
          let k = 0;
          while (k < lead && this.#units[at + k] === prefix![k]) k++;
          if (k === lead) {
            const shift = at + lead - from;
            let i = from;
            while (i < to && this.#units[i + shift] === units[i]) i++;
            if (i === to) return entry;
          }
        }
      }
      slot = (slot + 1) & this.#mask;
    }
  }

  idOf(entry: number): number {
    return this.#ids[entry]! >>> 0;
  }

  get(token: string): number | undefined {
    const units = new Uint16Array(token.length);
    let hash = HASH_SEED;
    for (let i = 0; i < token.length; i++) {
      units[i] = token.charCodeAt(i);
      hash = hashUnit(hash, units[i]!);
    }
    const entry = this.find(hash, units, 0, units.length);
    return entry < 0 ? undefined : this.idOf(entry);
  }

  token(id: number): string | undefined {
    this.#byId ??= this.#indexIds();
    const entry = (this.#byId instanceof Map ? (this.#byId.get(id) ?? 0) : (this.#byId[id] ?? 0)) - 1;
    return entry < 0 ? undefined : this.#string(entry);
  }

  #string(entry: number): string {
    let text = this.#strings[entry];
    if (text === undefined) this.#strings[entry] = text = unitsToString(this.#units, this.#offsets[entry]!, this.#offsets[entry + 1]!);
    return text;
  }

  #indexIds(): Int32Array | Map<number, number> {
    let last = -1;
    for (let entry = 0; entry < this.#count; entry++) last = Math.max(last, this.idOf(entry));
    const dense = last < 4 * this.#count + 1024;
    const index = dense ? new Int32Array(last + 1) : new Map<number, number>();
    for (let entry = 0; entry < this.#count; entry++) {
      const id = this.idOf(entry);
      if (index instanceof Map) index.set(id, entry + 1);
      else index[id] = entry + 1;
    }
    return index;
  }

  *entries(): Iterable<readonly [token: string, id: number]> {
    for (let entry = 0; entry < this.#count; entry++) yield [this.#string(entry), this.idOf(entry)];
  }
}

function grown<T extends Uint16Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
