/**
 * Byte-pair encoding (Sennrich et al. 2016): a word starts as its characters; the pair of neighbours that stands first in the list of merges is
 * merged, then again, until no pair is in the list. Of equal pairs the leftmost goes first.
 *
 *   l o w e r   merges: (l o) (lo w) (e r)   ->   lo w e r -> low e r -> low er
 *
 * Short words are merged exactly so (mergeByScanning); long ones with all pairs of a rank in one sweep (mergeByRank), which keeps a megabyte
 * without a space linear. Both give the same; a test holds them to it.
 *
 * What is not in the vocabulary: the bytes of the character as tokens "<0x0A>" (`byteFallback`), else the unknown token, one for a run of them
 * with `fuseUnknown`; without an unknown token it is left out.
 */

import type { AlignedText } from "./aligned-text.ts";
import { mergeByRank, mergeByScanning, type Symbols } from "./bpe-merge.ts";
import type { TokenModel } from "./component.ts";
import type { PairTable } from "./pair-table.ts";
import type { Pieces } from "./pieces.ts";
import { byteIds, missingUnknown, type Vocabulary } from "./vocabulary.ts";

export interface BpeOptions {
  readonly unknownToken?: string | undefined;
  readonly continuingPrefix: string;
  readonly endOfWordSuffix: string;
  readonly fuseUnknown: boolean;
  readonly byteFallback: boolean;
  /** A word that is in the vocabulary is its own token, whatever the merges say. */
  readonly ignoreMerges: boolean;
}

/** Up to this many symbols, finding each pair anew costs less than keeping order. */
const SCANNED_SYMBOLS = 24;
/** Words whose tokens are remembered: at most so many, none longer than this. */
const CACHED_WORDS = 10_000;
const CACHED_LENGTH = 64;

export class Bpe implements TokenModel {
  readonly keepsSpaces = true;
  readonly #vocabulary: Vocabulary;
  readonly #merges: PairTable;
  readonly #options: BpeOptions;
  readonly #cache = new Map<string, Symbols>();
  /** Steps done since the start (symbols made, pairs looked at): what the tests of linear time count. */
  steps = 0;

  constructor(vocabulary: Vocabulary, merges: PairTable, options: BpeOptions) {
    this.#vocabulary = vocabulary;
    this.#merges = merges;
    this.#options = options;
  }

  get size(): number {
    return this.#vocabulary.size;
  }
  tokenToId(token: string): number | undefined {
    return this.#vocabulary.get(token);
  }
  idToToken(id: number): string | undefined {
    return this.#vocabulary.token(id);
  }

  tokenize(text: AlignedText, from: number, to: number, word: number, out: Pieces): void {
    const symbols = this.#symbolsOf(text.slice(from, to));
    const { ids, sizes } = symbols;
    if (symbols.inUnits) {
      let at = from;
      for (let k = 0; k < ids.length; k++) {
        const end = at + sizes[k]!;
        out.push(ids[k]!, text.starts[at]!, text.ends[end - 1]!, word);
        at = end;
      }
      return;
    }
    // Sizes are in UTF-8 bytes, positions in UTF-16 units: both walk forward together.
    const walk = new ByteWalk(text, from, to);
    for (let k = 0; k < ids.length; k++) {
      const first = walk.unitAt(walk.byte);
      const last = walk.unitAt(walk.byte + sizes[k]! - 1);
      walk.byte += sizes[k]!;
      out.push(ids[k]!, text.starts[first]!, text.ends[last]!, word);
    }
  }

  #symbolsOf(word: string): Symbols {
    const known = this.#cache.get(word);
    if (known !== undefined) return known;
    const symbols = this.#merged(word);
    if (word.length <= CACHED_LENGTH) {
      if (this.#cache.size >= CACHED_WORDS) this.#cache.clear();
      this.#cache.set(word, symbols);
    }
    return symbols;
  }

  #merged(word: string): Symbols {
    if (this.#options.ignoreMerges) {
      const id = this.#vocabulary.get(word);
      if (id !== undefined) return { ids: [id], sizes: [word.length], inUnits: true };
    }
    const symbols = this.#initialSymbols(word);
    this.steps += symbols.ids.length;
    this.steps += symbols.ids.length <= SCANNED_SYMBOLS ? mergeByScanning(symbols, this.#merges) : mergeByRank(symbols, this.#merges);
    return symbols;
  }

  /** One symbol a character, before any merge. */
  #initialSymbols(word: string): Symbols {
    const { continuingPrefix, endOfWordSuffix, byteFallback, fuseUnknown } = this.#options;
    const ids: number[] = [];
    const units: number[] = [];
    const bytes: number[] = [];
    // Whether the symbols stand for the word's characters one after the other. Where characters are left out, or become several symbols, the
    // reference goes on counting bytes from the start of the word, and so offsets there are what the bytes say.
    let complete = true;
    let unknown: { readonly id: number; readonly units: number; readonly bytes: number } | undefined;
    const add = (id: number, unitCount: number, byteCount: number): void => {
      ids.push(id);
      units.push(unitCount);
      bytes.push(byteCount);
    };
    for (let i = 0; i < word.length; ) {
      const character = word.codePointAt(i)! > 0xffff ? word.slice(i, i + 2) : word[i]!;
      const next = i + character.length;
      const token = (i > 0 ? continuingPrefix : "") + character + (next === word.length ? endOfWordSuffix : "");
      const id = this.#vocabulary.get(token);
      const size = utf8Length(character);
      i = next;
      if (id !== undefined) {
        if (unknown !== undefined) add(unknown.id, unknown.units, unknown.bytes);
        unknown = undefined;
        add(id, character.length, size);
        continue;
      }
      const fallback = byteFallback ? byteIds(this.#vocabulary, token) : undefined;
      const unknownId = fallback === undefined ? this.#unknownId() : undefined;
      if (fallback !== undefined) for (const byte of fallback) add(byte, 1, 1);
      if (unknownId === undefined) complete = false;
      else if (unknown !== undefined && fuseUnknown) {
        unknown = { id: unknown.id, units: unknown.units + character.length, bytes: unknown.bytes + size };
      } else {
        if (unknown !== undefined) add(unknown.id, unknown.units, unknown.bytes);
        unknown = { id: unknownId, units: character.length, bytes: size };
      }
    }
    if (unknown !== undefined) add(unknown.id, unknown.units, unknown.bytes);
    return { ids, sizes: complete ? units : bytes, inUnits: complete };
  }

  #unknownId(): number | undefined {
    const { unknownToken } = this.#options;
    if (unknownToken === undefined) return undefined;
    const id = this.#vocabulary.get(unknownToken);
    if (id === undefined) throw missingUnknown(unknownToken);
    return id;
  }
}

/** Finds the unit that holds a byte of the text's UTF-8, moving forward only. */
class ByteWalk {
  /** How far the tokens have come. */
  byte = 0;
  readonly #text: AlignedText;
  readonly #to: number;
  #unit: number;
  /** Bytes before #unit. */
  #passed = 0;

  constructor(text: AlignedText, from: number, to: number) {
    this.#text = text;
    this.#unit = from;
    this.#to = to;
  }

  unitAt(byte: number): number {
    while (this.#unit < this.#to - 1) {
      const codePoint = this.#text.codePointAt(this.#unit);
      const size = codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
      if (byte < this.#passed + size) break;
      if (this.#unit + (size === 4 ? 2 : 1) >= this.#to) break;
      this.#passed += size;
      this.#unit += size === 4 ? 2 : 1;
    }
    return this.#unit;
  }
}

function utf8Length(text: string): number {
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // A surrogate pair is 4 bytes: 2 for each unit.
    length += unit < 0x80 ? 1 : unit < 0x800 || (unit & 0xf800) === 0xd800 ? 2 : 3;
  }
  return length;
}
