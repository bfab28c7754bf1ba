/**
 * Added tokens: strings that are found in the text before (or, `normalized`, after) normalisation and become one token whatever surrounds them:
 * "[MASK]", "<s>", words that someone added. The leftmost match wins, and of those that start there the longest.
 *   singleWord  only where no letter, digit or underscore touches it
 *   lstrip      takes the white space before it along, rstrip the white space after it
 * Finding is a walk down a trie at each place: at most the length of the longest added token in steps per character.
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

interface TrieNode {
  readonly next: Map<number, TrieNode>;
  token?: AddedToken;
}

/** A part of the text: an added token, or (undefined) text between them. */
export interface AddedMatch {
  readonly token: AddedToken | undefined;
  readonly from: number;
  readonly to: number;
}

/** How to read the text that is searched: a string's or an AlignedText's units. */
export type UnitAt = (index: number) => number;

export class AddedTokenFinder {
  readonly #root: TrieNode = { next: new Map() };
  /** Units at which some token starts, below 128; others are looked up in the root. */
  readonly #firstAscii = new Uint8Array(128);

  /** `patternOf` gives the form in which a token is searched for (after normalisation where that is asked for). */
  constructor(tokens: Iterable<AddedToken>, patternOf: (token: AddedToken) => string) {
    for (const token of tokens) {
      const pattern = patternOf(token);
      // The reference takes such a token for a match between any two bytes, and fails at the first character of two.
      if (pattern === "")
        throw new ConfigError(`Added token "${token.content}": normalisation leaves nothing of it; set normalized to false.`);
      let node = this.#root;
      for (let i = 0; i < pattern.length; i++) {
        const unit = pattern.charCodeAt(i);
        const next: TrieNode = node.next.get(unit) ?? { next: new Map() };
        node.next.set(unit, next);
        node = next;
      }
      // Two tokens with the same text after normalisation: the reference takes either, by chance; here it is the first.
      node.token ??= token;
      if (pattern.charCodeAt(0) < 128) this.#firstAscii[pattern.charCodeAt(0)] = 1;
    }
  }

  get empty(): boolean {
    return this.#root.next.size === 0;
  }

  /** Covers [0, length) with added tokens and the text between them, in order. */
  find(unitAt: UnitAt, length: number): AddedMatch[] {
    const found: AddedMatch[] = [];
    let done = 0;
    for (let i = 0; i < length; ) {
      const unit = unitAt(i);
      const match = unit < 128 && this.#firstAscii[unit] === 0 ? undefined : this.#longestAt(unitAt, i, length);
      if (match === undefined) {
        i++;
        continue;
      }
      const { token } = match;
      let { from, to } = match;
      i = to;
      if (token!.singleWord && (touchesWord(unitAt, from, -1, length) || touchesWord(unitAt, to, 1, length))) continue;
      if (token!.lstrip) {
        while (from > done && isSpace(unitAt(from - 1))) from--;
        from = Math.max(from, done);
      }
      // The search goes on behind the token alone. White space that it takes along can therefore be a further match, and then both have it:
      // so it is in the reference.
      if (token!.rstrip) while (to < length && isSpace(unitAt(to))) to++;
      if (from > to) throw new ConfigError(`Added token "${token!.content}": its white space overlaps that of the added token before it.`);
      if (from > done) found.push({ token: undefined, from: done, to: from });
      if (to > from) found.push({ token, from, to });
      done = to;
    }
    if (done < length) found.push({ token: undefined, from: done, to: length });
    return found;
  }

  #longestAt(unitAt: UnitAt, from: number, length: number): AddedMatch | undefined {
    let best: AddedMatch | undefined;
    let node: TrieNode | undefined = this.#root;
    for (let i = from; i < length; ) {
      node = node.next.get(unitAt(i++));
      if (node === undefined) break;
      if (node.token !== undefined) best = { token: node.token, from, to: i };
    }
    return best;
  }
}

let wordCharacter: RegExp | undefined;

/** Whether the character before (step -1) or at (step 1) `index` is part of a word. */
function touchesWord(unitAt: UnitAt, index: number, step: -1 | 1, length: number): boolean {
  const at = step < 0 ? index - 1 : index;
  if (at < 0 || at >= length) return false;
  const unit = unitAt(at);
  const other = at + step >= 0 && at + step < length ? unitAt(at + step) : 0;
  const [high, low] = step > 0 ? [unit, other] : [other, unit];
  const isPair = (high & 0xfc00) === 0xd800 && (low & 0xfc00) === 0xdc00;
  const character = isPair ? String.fromCharCode(high, low) : String.fromCharCode(unit);
  wordCharacter ??= new RegExp(`[${WORD}]`, "u");
  return wordCharacter.test(character);
}
