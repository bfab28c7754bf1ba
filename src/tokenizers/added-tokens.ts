/**
 * Added tokens: strings that are found in the text before (or, `normalized`, after) normalisation and become one token whatever surrounds them:
 * "[MASK]", "<s>", words that someone added. The leftmost match wins, and of those that start there the longest.
 *   singleWord  only where no letter, digit or underscore touches it
 *   lstrip      takes the white space before it along, rstrip the white space after it
 * Where some token starts, the text there is looked up in each length that tokens have: in linear time.
 */

import { ConfigError } from "../errors.ts";
import { isSpace } from "./unicode/character-kinds.ts";
import { WORD } from "./unicode/classes.ts";

export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly singleWord: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly normalized: boolean;
  readonly special: boolean;
}

/** A part of the text: an added token, or (undefined) text between them. */
export interface AddedMatch {
  readonly token: AddedToken | undefined;
  readonly from: number;
  readonly to: number;
}

export class AddedTokenFinder {
  /** By the form that is searched for: after normalisation where that is asked for. */
  readonly #tokens: ReadonlyMap<string, AddedToken>;
  /** Longest first. */
  readonly #lengths: readonly number[];
  /** By unit, whether a token starts with it. */
  readonly #starts = new Uint8Array(1 << 16);

  constructor(tokens: ReadonlyMap<string, AddedToken>) {
    this.#tokens = tokens;
    this.#lengths = [...new Set([...tokens.keys()].map(({ length }) => length))].sort((a, b) => b - a);
    for (const [pattern, token] of tokens) {
      // The reference takes such a token for a match between any two bytes, and fails at the first character of two.
      if (pattern === "")
        throw new ConfigError(`Added token "${token.content}": normalisation leaves nothing of it; set normalized to false.`);
      this.#starts[pattern.charCodeAt(0)] = 1;
    }
  }

  get isEmpty(): boolean {
    return this.#tokens.size === 0;
  }

  /** Covers the text with added tokens and what is between them, in order. */
  find(text: string): AddedMatch[] {
    const found: AddedMatch[] = [];
    let done = 0;
    for (let i = 0; i < text.length; ) {
      const pattern = this.#starts[text.charCodeAt(i)] ? this.#longestAt(text, i) : undefined;
      if (pattern === undefined) {
        i++;
        continue;
      }
      const token = this.#tokens.get(pattern)!;
      let from = i;
      let to = i + pattern.length;
      i = to;
      const neighbours = () => [
        [...text.slice(Math.max(0, i - pattern.length - 2), i - pattern.length)].at(-1),
        [...text.slice(i, i + 2)][0],
      ];
      if (token.singleWord && neighbours().some(isInWord)) continue;
      if (token.lstrip) {
        while (from > done && isSpace(text.charCodeAt(from - 1))) from--;
        from = Math.max(from, done);
      }
      // The search goes on behind the token alone. White space that it takes along can therefore be a further match, and then both have it:
      // so it is in the reference.
      if (token.rstrip) while (to < text.length && isSpace(text.charCodeAt(to))) to++;
      if (from > to) throw new ConfigError(`Added token "${token.content}": its white space overlaps that of the added token before it.`);
      if (from > done) found.push({ token: undefined, from: done, to: from });
      if (to > from) found.push({ token, from, to });
      done = to;
    }
    if (done < text.length) found.push({ token: undefined, from: done, to: text.length });
    return found;
  }

  #longestAt(text: string, from: number): string | undefined {
    for (const length of this.#lengths) {
      const piece = text.slice(from, from + length);
      if (this.#tokens.has(piece)) return piece;
    }
    return undefined;
  }
}

let wordCharacter: RegExp | undefined;

function isInWord(character = ""): boolean {
  wordCharacter ??= new RegExp(`[${WORD}]`, "u");
  return wordCharacter.test(character);
}
