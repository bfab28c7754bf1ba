/**
 * token <-> id for tens of thousands of tokens without tens of thousands of objects.
 * All tokens lie one after the other in one array of UTF-16 units; an open-addressing hash table maps a token's hash (FNV-1a over units)
 * to its entry. A lookup takes units of any array, so that tokenizing makes no strings, and a hash can be carried on unit by unit, which gives
 * WordPiece the hashes of all prefixes of a word for the price of one.
 */

import { ConfigError } from "../errors.ts";
import { resized } from "../numbers/resized.ts";
import { unitsToString } from "./aligned-text.ts";

/** The ids of <0xC3>, <0xA9>, ... for the UTF-8 bytes of a text; undefined where one is missing. */
export function byteIds(vocabulary: Vocabulary, text: string): number[] | undefined {
  const ids = Array.from(new TextEncoder().encode(text), (byte) =>
    vocabulary.get(`<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`),
  );
  return ids.every((id) => id !== undefined) ? ids : undefined;
}

/** The error for a text that needs an unknown token where there is none. */
export function missingUnknown(token: string): ConfigError {
  return new ConfigError(`the vocabulary has no unknown token "${token}", and the text needs it`);
}

export const HASH_SEED = 0x811c9dc5 | 0;
export const HASH_PRIME = 0x01000193;

/** FNV-1a with one more unit. */
export function hashUnit(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, HASH_PRIME);
}

/** FNV's low bits are its weak ones in short keys: fold the high half in before masking. */
function slotOf(hash: number, mask: number): number {
  return (hash ^ (hash >>> 15)) & mask;
}

/** The tokens as arrays: entry e has the units [offsets[e], offsets[e + 1]), an id and a hash. */
export class VocabularyArrays {
  units: Uint16Array;
  offsets: Int32Array;
  ids: Uint32Array;
  hashes: Int32Array;

  constructor(tokens: number, units: number) {
    this.units = new Uint16Array(units + 16);
    this.offsets = new Int32Array(tokens + 17);
    this.ids = new Uint32Array(tokens + 16);
    this.hashes = new Int32Array(tokens + 16);
  }

  growUnits(): Uint16Array {
    this.units = resized(this.units, this.units.length * 2);
    return this.units;
  }

  growTokens(): this {
    this.offsets = resized(this.offsets, this.offsets.length * 2);
    this.ids = resized(this.ids, this.ids.length * 2);
    this.hashes = resized(this.hashes, this.hashes.length * 2);
    return this;
  }
}

export class Vocabulary {
  readonly #units: Uint16Array;
  readonly #offsets: Int32Array;
  readonly #ids: Uint32Array;
  readonly #hashes: Int32Array;
  /** Entries, among them those whose token came again later. */
  readonly #entries: number;
  /** Entry + 1 per slot, 0 = free. */
  readonly #table: Int32Array;
  readonly #mask: number;
  readonly #strings: (string | undefined)[] = [];
  /** Entry + 1 by id, or (where ids are sparse) a Map; undefined where entry e has id e. */
  readonly #byId: Int32Array | Map<number, number> | undefined;
  /** Number of different tokens. */
  readonly size: number;
  /** Units of the longest token: no longer piece can be in the vocabulary. */
  readonly longest: number;

  private constructor({ units, offsets, ids, hashes }: VocabularyArrays, count: number) {
    this.#units = units;
    this.#offsets = offsets;
    this.#ids = ids;
    this.#hashes = hashes;
    this.#entries = count;
    let slots = 16;
    while (slots < count * 2) slots *= 2;
    const table = new Int32Array(slots);
    const mask = slots - 1;
    let size = 0;
    let longest = 0;
    let inOrder = true;
    for (let entry = 0; entry < count; entry++) {
      const hash = hashes[entry]!;
      let slot = slotOf(hash, mask);
      while (table[slot] !== 0 && !(hashes[table[slot]! - 1] === hash && this.#same(table[slot]! - 1, entry))) slot = (slot + 1) & mask;
      // A token that comes again takes the place of the first: as in the reference, the last one counts.
      if (table[slot] === 0) size++;
      table[slot] = entry + 1;
      longest = Math.max(longest, offsets[entry + 1]! - offsets[entry]!);
      if (ids[entry] !== entry) inOrder = false;
    }
    this.#table = table;
    this.#mask = mask;
    this.size = size;
    this.longest = longest;
    this.#byId = inOrder && size === count ? undefined : this.#indexIds();
  }

  /** The first `count` tokens of `arrays`, which become the vocabulary's own. */
  static over(arrays: VocabularyArrays, count: number): Vocabulary {
    return new Vocabulary(arrays, count);
  }

  static from(tokens: Iterable<readonly [token: string, id: number]>): Vocabulary {
    const arrays = new VocabularyArrays(64, 512);
    let used = 0;
    let count = 0;
    for (const [token, id] of tokens) {
      if (count === arrays.ids.length) arrays.growTokens();
      while (used + token.length > arrays.units.length) arrays.growUnits();
      let hash = HASH_SEED;
      for (let i = 0; i < token.length; i++) {
        const unit = token.charCodeAt(i);
        arrays.units[used++] = unit;
        hash = hashUnit(hash, unit);
      }
      arrays.ids[count] = id;
      arrays.hashes[count++] = hash;
      arrays.offsets[count] = used;
    }
    return new Vocabulary(arrays, count);
  }

  #same(one: number, other: number): boolean {
    const at = this.#offsets[one]!;
    const shift = this.#offsets[other]! - at;
    const end = this.#offsets[one + 1]!;
    if (this.#offsets[other + 1]! - shift !== end) return false;
    for (let i = at; i < end; i++) if (this.#units[i] !== this.#units[i + shift]) return false;
    return true;
  }

  /** The entry of the token that is `prefix` followed by units[from, to), or -1. `hash` is that of the whole; `prefix` is only compared. */
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
    return this.#ids[entry]!;
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
    const index = this.#byId;
    const entry = index === undefined ? id : ((index instanceof Map ? index.get(id) : index[id]) ?? 0) - 1;
    if (!(entry >= 0 && entry < this.#entries)) return undefined;
    let text = this.#strings[entry];
    if (text === undefined) {
      text = unitsToString(this.#units, this.#offsets[entry]!, this.#offsets[entry + 1]!);
      this.#strings[entry] = text;
    }
    return text;
  }

  #indexIds(): Int32Array | Map<number, number> {
    let last = -1;
    for (let entry = 0; entry < this.#entries; entry++) last = Math.max(last, this.#ids[entry]!);
    const index = last < 4 * this.#entries + 1024 ? new Int32Array(last + 1) : new Map<number, number>();
    for (const entryPlusOne of this.#table) {
      if (entryPlusOne === 0) continue;
      const id = this.#ids[entryPlusOne - 1]!;
      if (index instanceof Map) index.set(id, entryPlusOne);
      else index[id] = entryPlusOne;
    }
    return index;
  }
}
