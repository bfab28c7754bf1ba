/**
 * A JSON scanner for headers (RFC 8259, as strict as serde_json, which the official library uses). JSON.parse will not do:
 * it keeps only the last of two equal keys, gives "__proto__" a meaning, and takes 16 and 1.6e1 for the same integer.
 * One pass over the text, no recursion but in skipValue (depth 127 at most), so time and memory are linear in the text.
 */

import { broken } from "./rules.ts";

/** serde_json allows 128 levels and fails when it would enter the last. */
const deepest = 127;
const numberPattern = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const escapes: Readonly<Record<string, string>> = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

export class Scanner {
  readonly text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** The error for what stands at the current position. */
  fail(expected: string): Error {
    const found = this.#at < this.text.length ? JSON.stringify(this.text.slice(this.#at, this.#at + 12)) : "the end of the header";
    return broken("InvalidHeaderDeserialization", `expected ${expected} at character ${this.#at} of the JSON header, found ${found}.`);
  }

  /** The next character that is not white space; "" at the end. */
  peek(): string {
    for (;;) {
      const c = this.text.charCodeAt(this.#at);
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return this.text.charAt(this.#at);
      this.#at++;
    }
  }

  /** Takes `c` if it is next. */
  take(c: string): boolean {
    if (this.peek() !== c) return false;
    this.#at++;
    return true;
  }

  expect(c: string, where: string): void {
    if (!this.take(c)) throw this.fail(`${JSON.stringify(c)} ${where}`);
  }

  end(): void {
    if (this.peek() !== "") throw this.fail("nothing but white space after the JSON object");
  }

  /** Walks an object: `member` must consume the value of each key. */
  object(what: string, member: (key: string) => void): void {
    this.#enter("{", `an object (${what})`);
    if (!this.take("}")) {
      do {
        if (this.peek() !== '"') throw this.fail("a key in double quotes");
        const key = this.string("a key");
        this.expect(":", "after a key");
        member(key);
      } while (this.take(","));
      this.expect("}", `or "," in ${what}`);
    }
    this.#depth--;
  }

  /** Walks an array: `element` must consume each element. */
  array(what: string, element: (index: number) => void): void {
    this.#enter("[", `an array (${what})`);
    if (!this.take("]")) {
      let index = 0;
      do element(index++);
      while (this.take(","));
      this.expect("]", `or "," in ${what}`);
    }
    this.#depth--;
  }

  #enter(opening: string, what: string): void {
    if (this.peek() !== opening) throw this.fail(what);
    if (++this.#depth > deepest) throw this.fail(`at most ${deepest} levels of nesting`);
    this.#at++;
  }

  string(what: string): string {
    if (this.peek() !== '"') throw this.fail(`a string (${what})`);
    const { text } = this;
    const pieces: string[] = [];
    let from = ++this.#at;
    for (;;) {
      const c = text.charCodeAt(this.#at);
      if (c === 0x22) break;
      if (c === 0x5c) {
        pieces.push(text.slice(from, this.#at), this.#escape());
        from = this.#at;
      } else if (c < 0x20) throw this.fail("an escape instead of a control character in a string");
      else if (this.#at >= text.length) throw this.fail("the closing quote of a string");
      else this.#at++;
    }
    const last = text.slice(from, this.#at++);
    return pieces.length === 0 ? last : pieces.join("") + last;
  }

  /** One escape; a surrogate must come with its other half. */
  #escape(): string {
    const letter = this.text.charAt(this.#at + 1);
    if (letter !== "u") {
      const plain = Object.hasOwn(escapes, letter) ? escapes[letter] : undefined;
      if (plain === undefined) throw this.fail('an escape: one of \\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX');
      this.#at += 2;
      return plain;
    }
    const high = this.#unit();
    if (high < 0xd800 || high > 0xdfff) return String.fromCharCode(high);
    const low = high < 0xdc00 && this.text.startsWith("\\u", this.#at) ? this.#unit() : 0;
    if (low < 0xdc00 || low > 0xdfff) throw this.fail("both halves of a surrogate pair");
    return String.fromCharCode(high, low);
  }

  #unit(): number {
    const digits = this.text.slice(this.#at + 2, this.#at + 6);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw this.fail("four hexadecimal digits after \\u");
    this.#at += 6;
    return Number.parseInt(digits, 16);
  }

  /** A whole number from 0 to 2^64 - 1 as a bigint where a double would round it; 4.0, 4e0, -0 and "4" are not whole numbers. */
  wholeNumber(what: string): number | bigint {
    this.peek();
    const start = this.#at;
    const [text, fraction, exponent] = this.#number(what);
    const value = Number(text);
    if (!text.startsWith("-") && fraction === undefined && exponent === undefined) {
      if (Number.isSafeInteger(value)) return value;
      if (text.length <= 20 && BigInt(text) < 1n << 64n) return BigInt(text);
    }
    this.#at = start;
    throw this.fail(`a whole number from 0 to 2^64 - 1 (${what})`);
  }

  #number(what: string): RegExpExecArray {
    numberPattern.lastIndex = this.#at;
    const match = numberPattern.exec(this.text);
    if (match === null || /[0-9]/.test(this.text.charAt(numberPattern.lastIndex))) throw this.fail(`a number (${what})`);
    if (!Number.isFinite(Number(match[0]))) throw this.fail("a number that a 64-bit float can hold");
    this.#at += match[0].length;
    return match;
  }

  /** Takes `word` (null, true, false) if it is next. */
  literal(word: string): boolean {
    this.peek();
    if (!this.text.startsWith(word, this.#at)) return false;
    this.#at += word.length;
    return true;
  }

  /** Checks and passes over any JSON value. */
  skipValue(): void {
    const c = this.peek();
    if (c === "{") this.object("an unknown field", () => this.skipValue());
    else if (c === "[") this.array("an unknown field", () => this.skipValue());
    else if (c === '"') this.string("an unknown field");
    else if (!this.literal("true") && !this.literal("false") && !this.literal("null")) this.#number("a JSON value");
  }
}
