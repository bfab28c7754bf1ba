/**
 * The short way from a file's bytes to a vocabulary.
 * tokenizer.json is mostly the object `model.vocab`. Here its bytes are found without parsing, read straight into a Vocabulary, and only what
 * remains goes through JSON.parse. vocab.txt is read the same way: one token a line, the line's number is the id.
 */

import { FormatError } from "../errors.ts";
import { Vocabulary } from "./vocabulary.ts";

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const BACKSLASH = 92;
const OPEN = 123;
const CLOSE = 125;

export interface ScannedTokenizer {
  /** tokenizer.json with `model.vocab` emptied where `vocabulary` holds it. */
  readonly json: unknown;
  readonly vocabulary?: Vocabulary;
}

/** tokenizer.json as bytes. FormatError where it is not JSON. */
export function scanTokenizerJson(bytes: Uint8Array): ScannedTokenizer {
  const at = findVocabulary(bytes);
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  try {
    if (at < 0) return { json: JSON.parse(decoder.decode(bytes)) };
    const reader = new VocabularyReader(bytes, at);
    const vocabulary = reader.readObject();
    const json: unknown = JSON.parse(decoder.decode(bytes.subarray(0, at)) + "{}" + decoder.decode(bytes.subarray(reader.position)));
    return { json, vocabulary };
  } catch (cause) {
    if (cause instanceof FormatError) throw cause;
    throw new FormatError(`tokenizer.json: expected JSON in UTF-8 (${(cause as Error).message}); is the file complete?`, { cause });
  }
}

/** vocab.txt as bytes: white space at the end of a line does not belong to the token. */
export function scanVocabTxt(bytes: Uint8Array): Vocabulary {
  const lines = new TextDecoder().decode(bytes).split("\n");
  if (lines.at(-1) === "") lines.pop();
  return Vocabulary.from(lines.map((line, id) => [line.replace(/\p{White_Space}+$/u, ""), id] as const));
}

/** Where the object at key path model.vocab starts, or -1 where there is none (then JSON.parse will say what is there). */
function findVocabulary(bytes: Uint8Array): number {
  const model = valueOfKey(bytes, skipSpace(bytes, 0), "model");
  const vocab = model < 0 ? -1 : valueOfKey(bytes, model, "vocab");
  return vocab >= 0 && bytes[vocab] === OPEN ? vocab : -1;
}

/** Where the value of `key` starts in the object that starts at `at`; -1 without such a key or where the bytes are not an object. */
function valueOfKey(bytes: Uint8Array, at: number, key: string): number {
  if (bytes[at] !== OPEN) return -1;
  let i = skipSpace(bytes, at + 1);
  while (bytes[i] === QUOTE) {
    const end = skipString(bytes, i);
    const found = matches(bytes, i + 1, end - 1, key);
    i = skipSpace(bytes, end);
    if (bytes[i] !== COLON) return -1;
    i = skipSpace(bytes, i + 1);
    if (found) return i;
    i = skipSpace(bytes, skipValue(bytes, i));
    if (bytes[i] !== COMMA) return -1;
    i = skipSpace(bytes, i + 1);
  }
  return -1;
}

function matches(bytes: Uint8Array, from: number, to: number, text: string): boolean {
  if (to - from !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[from + i] !== text.charCodeAt(i)) return false;
  return true;
}

function skipSpace(bytes: Uint8Array, at: number): number {
  let i = at;
  while (bytes[i] === 32 || bytes[i] === 10 || bytes[i] === 13 || bytes[i] === 9) i++;
  return i;
}

function skipString(bytes: Uint8Array, at: number): number {
  let i = at + 1;
  while (i < bytes.length && bytes[i] !== QUOTE) i += bytes[i] === BACKSLASH ? 2 : 1;
  return i + 1;
}

/** Past a value of any kind. Brackets are counted, not matched: JSON.parse judges the syntax later. */
function skipValue(bytes: Uint8Array, at: number): number {
  let depth = 0;
  let i = at;
  while (i < bytes.length) {
    const byte = bytes[i]!;
    if (byte === QUOTE) {
      i = skipString(bytes, i);
      if (depth === 0) return i;
      continue;
    }
    if (byte === OPEN || byte === 91) depth++;
    else if (byte === CLOSE || byte === 93) {
      if (depth <= 1) return depth === 1 ? i + 1 : i;
      depth--;
    } else if (depth === 0 && byte === COMMA) return i;
    i++;
  }
  return i;
}

/** Reads {"token": id, ...} from bytes. */
class VocabularyReader {
  position: number;
  readonly #bytes: Uint8Array;
  readonly #vocabulary: Vocabulary;

  constructor(bytes: Uint8Array, position: number) {
    this.#bytes = bytes;
    this.position = position;
    // A vocabulary file spends about 15 bytes on a token of 7.
    this.#vocabulary = new Vocabulary(Math.max(64, (bytes.length - position) >> 3), Math.max(64, (bytes.length - position) >> 1));
  }

  readObject(): Vocabulary {
    this.#expect(OPEN);
    if (this.#bytes[this.#space()] === CLOSE) {
      this.position++;
      return this.#vocabulary;
    }
    for (;;) {
      this.#space();
      this.#string();
      this.#space();
      this.#expect(COLON);
      this.#space();
      this.#vocabulary.commit(this.#id());
      const byte = this.#bytes[this.#space()];
      this.position++;
      if (byte === CLOSE) return this.#vocabulary;
      if (byte !== COMMA) throw this.#error("a comma or } after a token");
    }
  }

  #error(expected: string): FormatError {
    return new FormatError(`tokenizer.json: expected ${expected} in model.vocab at byte ${this.position}; is the file complete?`);
  }

  #space(): number {
    this.position = skipSpace(this.#bytes, this.position);
    return this.position;
  }

  #expect(byte: number): void {
    if (this.#bytes[this.position] !== byte) throw this.#error(`"${String.fromCharCode(byte)}"`);
    this.position++;
  }

  #id(): number {
    const from = this.position;
    let id = 0;
    for (let byte = this.#bytes[this.position]!; byte >= 48 && byte <= 57; byte = this.#bytes[++this.position]!) id = id * 10 + byte - 48;
    if (this.position === from || this.position - from > 10 || id > 0xffffffff) throw this.#error("an id from 0 to 4294967295");
    return id;
  }

  #string(): void {
    const bytes = this.#bytes;
    const vocabulary = this.#vocabulary;
    this.#expect(QUOTE);
    let i = this.position;
    for (;;) {
      const byte = bytes[i]!;
      if (byte === QUOTE) break;
      if (byte === undefined || byte < 32) throw this.#error("a closed string");
      if (byte === BACKSLASH) {
        i = this.#escape(i);
      } else if (byte < 0x80) {
        vocabulary.unit(byte);
        i++;
      } else {
        i = this.#multibyte(i);
      }
    }
    this.position = i + 1;
  }

  /** \n, \u00e9 and their like, by the engine's own JSON parser. */
  #escape(at: number): number {
    const end = at + (this.#bytes[at + 1] === 117 ? 6 : 2);
    const unit = JSON.parse(`"${String.fromCharCode(...this.#bytes.subarray(at, end))}"`) as string;
    this.#vocabulary.unit(unit.charCodeAt(0));
    return end;
  }

  #multibyte(at: number): number {
    const bytes = this.#bytes;
    const lead = bytes[at]!;
    const count = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    let code = lead & (0xff >> (count + 1));
    for (let k = 1; k < count; k++) {
      const byte = bytes[at + k]!;
      if ((byte & 0xc0) !== 0x80) throw this.#error("UTF-8");
      code = (code << 6) | (byte & 0x3f);
    }
    if (code > 0xffff) {
      this.#vocabulary.unit(0xd7c0 + (code >> 10));
      this.#vocabulary.unit(0xdc00 + (code & 0x3ff));
    } else this.#vocabulary.unit(code);
    return at + count;
  }
}
