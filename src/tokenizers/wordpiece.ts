/**
 * WordPiece (Schuster & Nakajima 2012; BERT): cut a word greedily, each time at the longest piece that the vocabulary knows.
 *
 *   unaffable -> un ##aff ##able
 *
 * Pieces after the first are looked up with a prefix ("##"). If at any point not even one character is known, the whole word becomes the unknown
 * token; so does a word of more than `maxCharacters` characters, which also bounds the work: at most the longest token's length of hashing
 * per piece, at most `maxCharacters` pieces per word, hence linear in the text.
 */

import type { AlignedText } from "./aligned-text.ts";
import type { TokenModel } from "./component.ts";
import type { Pieces } from "./pieces.ts";
import { HASH_SEED, hashUnit, missingUnknown, type Vocabulary } from "./vocabulary.ts";

export interface WordPieceOptions {
  readonly unknownToken: string;
  readonly continuingPrefix: string;
  readonly maxCharacters: number;
}

export class WordPiece implements TokenModel {
  readonly continuingPrefix: string;
  readonly #vocabulary: Vocabulary;
  readonly #unknownToken: string;
  readonly #unknownId: number | undefined;
  readonly #maxCharacters: number;
  readonly #prefix: Uint16Array;
  /** The hash of the prefix: where the hash of a later piece starts. */
  readonly #prefixHash: number;
  /** hashes[k] = hash of the first k units of the piece that is looked for. */
  readonly #hashes: Int32Array;
  /** Steps done since the start (units hashed, pieces looked up): what the tests of linear time count. */
  steps = 0;

  constructor(vocabulary: Vocabulary, options: WordPieceOptions) {
    this.#vocabulary = vocabulary;
    this.#unknownToken = options.unknownToken;
    this.#unknownId = vocabulary.get(options.unknownToken);
    this.#maxCharacters = options.maxCharacters;
    this.continuingPrefix = options.continuingPrefix;
    this.#prefix = Uint16Array.from(options.continuingPrefix, (_, i) => options.continuingPrefix.charCodeAt(i));
    this.#prefixHash = this.#prefix.reduce(hashUnit, HASH_SEED);
    this.#hashes = new Int32Array(vocabulary.longest + 1);
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
    const { starts, ends } = text;
    const before = out.length;
    if (text.countCharacters(from, to) <= this.#maxCharacters) {
      let start = from;
      while (start < to) {
        const end = this.#longestPiece(text.codes, start, to, start > from);
        if (end < 0) break;
        out.push(this.#found, starts[start]!, ends[end - 1]!, word);
        start = end;
      }
      if (start === to) return;
      out.truncate(before);
    }
    if (this.#unknownId === undefined) throw missingUnknown(this.#unknownToken);
    out.push(this.#unknownId, starts[from]!, ends[to - 1]!, word);
  }

  /** The id that #longestPiece found. */
  #found = 0;

  /** Where the longest known piece that starts at `start` ends, or -1. */
  #longestPiece(codes: Uint16Array, start: number, to: number, continues: boolean): number {
    const vocabulary = this.#vocabulary;
    const hashes = this.#hashes;
    const prefix = continues ? this.#prefix : undefined;
    const lead = continues ? this.#prefix.length : 0;
    const longest = Math.min(to - start, vocabulary.longest - lead);
    let hash = continues ? this.#prefixHash : HASH_SEED;
    for (let k = 0; k < longest; k++) {
      hash = hashUnit(hash, codes[start + k]!);
      hashes[k + 1] = hash;
    }
    this.steps += longest;
    for (let k = longest; k > 0; k--) {
      this.steps++;
      const entry = vocabulary.find(hashes[k]!, codes, start, start + k, prefix);
      if (entry >= 0) {
        this.#found = vocabulary.idOf(entry);
        return start + k;
      }
    }
    return -1;
  }
}
