/**
 * Precompiled: SentencePiece's normalisation rules (nmt_nfkc and its like) as the model file carries them, in base64:
 *   4 bytes: size of the trie; the trie: a double array (Aoe 1989; Darts-clone) over UTF-8 bytes; then all replacements, each ended by NUL.
 * A leaf's value is the place of its replacement.
 *
 * A text is looked at grapheme by grapheme. A grapheme of fewer than 6 bytes that has a rule is replaced whole; else its characters are looked up
 * one by one. The rule is that of the shortest prefix that has one: that looks like a mistake, and is what the reference does.
 */

import { ConfigError } from "../errors.ts";
import type { AlignedText } from "./aligned-text.ts";
import type { Normalizer } from "./component.ts";
import { graphemeEnds } from "./graphemes.ts";
import { Rewriter } from "./rewriter.ts";

export class Charsmap implements Normalizer {
  readonly #trie: Uint32Array;
  readonly #replacements: Uint8Array;
  /** Replacements that were asked for: place to text. */
  readonly #texts = new Map<number, string>();
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  readonly #bytes = new Uint8Array(8);

  constructor(base64: string) {
    const blob = fromBase64(base64);
    const size = blob.length >= 4 ? new DataView(blob.buffer).getUint32(0, true) : -1;
    if (size < 4 || size % 4 !== 0 || 4 + size > blob.length) {
      throw new ConfigError(`normalizer.precompiled_charsmap: expected a trie and its replacements, found ${blob.length} bytes`);
    }
    const view = new DataView(blob.buffer, 4, size);
    this.#trie = Uint32Array.from({ length: size / 4 }, (_, i) => view.getUint32(4 * i, true));
    this.#replacements = blob.subarray(4 + size);
  }

  apply(text: AlignedText): AlignedText {
    const changes = new ChangeList();
    let modified = false;
    let from = 0;
    for (const end of graphemeEnds(text)) {
      const whole = this.#replacementOf(text, from, end, 5);
      if (whole !== undefined) {
        changes.replace(whole, text.countCharacters(from, end));
        modified = true;
      } else {
        for (let i = from; i < end; ) {
          const codePoint = text.codePointAt(i);
          const next = i + (codePoint > 0xffff ? 2 : 1);
          const single = this.#replacementOf(text, i, next, 4);
          if (single === undefined) changes.push(codePoint, 0);
          else {
            changes.replace(single, 1);
            modified = true;
          }
          i = next;
        }
      }
      from = end;
    }
    return modified ? changes.apply(text) : text;
  }

  /** What the rule for units [from, to) writes; undefined without a rule, or for more than `limit` bytes. */
  #replacementOf(text: AlignedText, from: number, to: number, limit: number): string | undefined {
    let length = 0;
    for (let i = from; i < to; ) {
      const codePoint = text.codePointAt(i);
      const size = codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
      if (length + size > limit) return undefined;
      for (let k = 0; k < size; k++) {
        const bits = (codePoint >> (6 * (size - 1 - k))) & (k === 0 ? 0xff : 0x3f);
        this.#bytes[length++] = k > 0 ? 0x80 | bits : size === 1 ? bits : [0xc0, 0xe0, 0xf0][size - 2]! | bits;
      }
      i += codePoint > 0xffff ? 2 : 1;
    }
    const place = this.#shortestPrefix(length);
    return place < 0 ? undefined : this.#textAt(place);
  }

  /** Walks the double array with the first `length` bytes; the value of the first leaf, or -1. */
  #shortestPrefix(length: number): number {
    const trie = this.#trie;
    let node = offsetOf(trie[0]!);
    for (let k = 0; k < length; k++) {
      const byte = this.#bytes[k]!;
      if (byte === 0) return -1;
      node ^= byte;
      const unit = trie[node];
      // Bit 31 marks a leaf unit: it has no label.
      if (unit === undefined || (unit & 0x800000ff) >>> 0 !== byte) return -1;
      node ^= offsetOf(unit);
      if ((unit >>> 8) & 1) return trie[node]! & 0x7fffffff;
    }
    return -1;
  }

  #textAt(place: number): string {
    let text = this.#texts.get(place);
    if (text === undefined) {
      const end = this.#replacements.indexOf(0, place);
      text = this.#decoder.decode(this.#replacements.subarray(place, end < 0 ? undefined : end));
      this.#texts.set(place, text);
    }
    return text;
  }
}

function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}

/** Characters with their changes (rewriter.ts), collected first because a removal is booked on the character before it. */
class ChangeList {
  readonly #codePoints: number[] = [];
  readonly #changes: number[] = [];

  push(codePoint: number, change: number): void {
    this.#codePoints.push(codePoint);
    this.#changes.push(change);
  }

  replace(replacement: string, replaced: number): void {
    const characters = Array.from(replacement);
    for (const [i, character] of characters.entries()) this.push(character.codePointAt(0)!, i < replaced ? 0 : 1);
    const gone = replaced - characters.length;
    // Nothing before it to book the removal on: the reference forgets it, and so the ranges behind it move to the left.
    if (gone > 0 && this.#changes.length > 0) this.#changes[this.#changes.length - 1]! -= gone;
  }

  apply(text: AlignedText): AlignedText {
    const rewriter = new Rewriter(text);
    for (const [i, codePoint] of this.#codePoints.entries()) rewriter.emit(codePoint, this.#changes[i]!);
    return rewriter.out;
  }
}

function fromBase64(base64: string): Uint8Array {
  let binary: string;
  try {
    binary = atob(base64);
  } catch (cause) {
    throw new ConfigError("normalizer.precompiled_charsmap: expected base64.", { cause });
  }
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
