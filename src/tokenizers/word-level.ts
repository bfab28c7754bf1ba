/**
 * WordLevel: a word is in the vocabulary, or it is the unknown token.
 */

import type { AlignedText } from "./aligned-text.ts";
import type { TokenModel } from "./component.ts";
import type { Pieces } from "./pieces.ts";
import { missingUnknown, type Vocabulary } from "./vocabulary.ts";

export class WordLevel implements TokenModel {
  readonly #vocabulary: Vocabulary;
  readonly #unknownToken: string;

  constructor(vocabulary: Vocabulary, unknownToken: string) {
    this.#vocabulary = vocabulary;
    this.#unknownToken = unknownToken;
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
    const id = this.#vocabulary.get(text.slice(from, to)) ?? this.#vocabulary.get(this.#unknownToken);
    if (id === undefined) throw missingUnknown(this.#unknownToken);
    out.push(id, text.starts[from]!, text.ends[to - 1]!, word);
  }
}
