/**
 * Unigram (Kudo 2018; SentencePiece): every piece has a log probability; a word is cut where the sum over its pieces is greatest.
 * Viterbi from left to right: best[e] = max over pieces that end at e of best[start] + score, remembering where the piece started;
 * then back from the end. Of equal sums the one found first stays.
 *
 * A character that no piece of one character covers can always be an unknown piece, 10 below the worst score; neighbouring unknown pieces are one
 * token (whose string is what it covers), or with `byteFallback` the tokens "<0x0A>" of its bytes.
 * Work per place: at most the longest piece's length, so linear in the text.
 */

import { ConfigError } from "../errors.ts";
import type { AlignedText } from "./aligned-text.ts";
import type { TokenModel } from "./component.ts";
import { PieceTrie } from "./piece-trie.ts";
import type { Pieces } from "./pieces.ts";
import { byteIds, Vocabulary } from "./vocabulary.ts";

const UNKNOWN_PENALTY = 10;

export interface UnigramOptions {
  readonly unknownId: number | undefined;
  readonly byteFallback: boolean;
}

export class Unigram implements TokenModel {
  readonly #pieces: readonly (readonly [piece: string, score: number])[];
  readonly #ids: Vocabulary;
  readonly #trie: PieceTrie;
  readonly #options: UnigramOptions;
  readonly #unknownScore: number;
  /** Per place of the word: the best sum up to it, where its last piece starts (-1: not reached), and that piece's id. */
  #best = new Float64Array(64);
  #starts = new Int32Array(64);
  #lastIds = new Int32Array(64);
  /** Steps done since the start (trie nodes visited): what the tests of linear time count. */
  steps = 0;

  constructor(pieces: readonly (readonly [piece: string, score: number])[], options: UnigramOptions) {
    const { unknownId } = options;
    if (unknownId !== undefined && unknownId >= pieces.length) {
      throw new ConfigError(`Unigram: expected unk_id below the ${pieces.length} pieces of the vocabulary, found ${unknownId}.`);
    }
    this.#pieces = pieces;
    this.#options = options;
    this.#ids = Vocabulary.from(pieces.map(([piece], id) => [piece, id] as const));
    this.#trie = new PieceTrie(pieces.map(([piece]) => piece));
    this.#unknownScore = pieces.reduce((least, [, score]) => Math.min(least, score), Number.POSITIVE_INFINITY) - UNKNOWN_PENALTY;
  }

  get size(): number {
    return this.#pieces.length;
  }
  tokenToId(token: string): number | undefined {
    return this.#ids.get(token);
  }
  idToToken(id: number): string | undefined {
    return this.#pieces[id]?.[0];
  }

  tokenize(text: AlignedText, from: number, to: number, word: number, out: Pieces): void {
    this.#search(text, from, to);
    const { unknownId } = this.#options;
    const cuts: number[] = [];
    for (let end = to - from; end > 0; ) {
      let start = this.#starts[end]!;
      // Neighbouring unknown pieces are one token.
      if (this.#lastIds[end] === unknownId) while (start > 0 && this.#lastIds[start] === unknownId) start = this.#starts[start]!;
      cuts.push(end);
      end = start;
    }
    let start = from;
    for (let k = cuts.length - 1; k >= 0; k--) {
      const end = from + cuts[k]!;
      const known = this.#lastIds[cuts[k]!]!;
      if (known !== unknownId) out.push(known, text.starts[start]!, text.ends[end - 1]!, word);
      else this.#pushUnknown(text, start, end, word, out);
      start = end;
    }
  }

  /** Viterbi over units [from, to): fills #best, #starts and #lastIds for places 0..to-from. */
  #search(text: AlignedText, from: number, to: number): void {
    const length = to - from;
    if (this.#best.length <= length) {
      this.#best = new Float64Array(length + 1);
      this.#starts = new Int32Array(length + 1);
      this.#lastIds = new Int32Array(length + 1);
    }
    this.#starts.fill(-1, 0, length + 1);
    this.#best[0] = 0;
    const trie = this.#trie;
    for (let at = 0; at < length; ) {
      const sum = this.#best[at]!;
      const width = text.codePointAt(from + at) > 0xffff ? 2 : 1;
      let single = false;
      let node = 0;
      for (let end = at; end < length; ) {
        node = trie.child(node, text.codes[from + end++]!);
        this.steps++;
        if (node < 0) break;
        const id = trie.idAt(node);
        if (id < 0) continue;
        this.#offer(at, end, id, sum + this.#pieces[id]![1]);
        if (end - at === width) single = true;
      }
      if (!single) this.#offer(at, at + width, this.#options.unknownId ?? missingUnknown(), sum + this.#unknownScore);
      at += width;
    }
  }

  #offer(start: number, end: number, id: number, sum: number): void {
    if (this.#starts[end]! >= 0 && sum <= this.#best[end]!) return;
    this.#best[end] = sum;
    this.#starts[end] = start;
    this.#lastIds[end] = id;
  }

  #pushUnknown(text: AlignedText, from: number, to: number, word: number, out: Pieces): void {
    const piece = text.slice(from, to);
    const start = text.starts[from]!;
    const end = text.ends[to - 1]!;
    // Several unknown pieces together can spell one that is known.
    const known = this.#ids.get(piece);
    if (known !== undefined) {
      out.push(known, start, end, word);
      return;
    }
    const bytes = this.#options.byteFallback ? byteIds(this.#ids, piece) : undefined;
    if (bytes !== undefined) for (const id of bytes) out.push(id, start, end, word);
    else {
      out.values.set(out.length, piece);
      out.push(this.#options.unknownId ?? missingUnknown(), start, end, word);
    }
  }
}

function missingUnknown(): never {
  throw new ConfigError("Unigram: the text has a character that no piece covers; expected unk_id in the model, found none.");
}
