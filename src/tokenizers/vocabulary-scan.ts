/**
 * The short way from a file's bytes to a vocabulary.
 * tokenizer.json is mostly the object `model.vocab`. Here its bytes are found without parsing, read straight into a Vocabulary, and only what
 * remains goes through JSON.parse. vocab.txt is read the same way: one token a line, the line's number is the id.
 */

import { FormatError } from "../errors.ts";
import { SPACE } from "./unicode/classes.ts";
import { HASH_PRIME, HASH_SEED, Vocabulary, VocabularyArrays } from "./vocabulary.ts";

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
    const { vocabulary, end } = readVocabulary(bytes, at);
    const json: unknown = JSON.parse(`${decoder.decode(bytes.subarray(0, at))}{}${decoder.decode(bytes.subarray(end))}`);
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
  const space = new RegExp(`${SPACE}+$`, "u");
  return Vocabulary.from(lines.map((line, id) => [line.replace(space, ""), id] as const));
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

/**
 * Reads {"token": id, ...} from bytes. One loop without calls for all that is ASCII: this runs once, while the process starts, and an
 * engine compiles a hot loop much sooner than it would a handful of small functions.
 */
function readVocabulary(bytes: Uint8Array, at: number): { readonly vocabulary: Vocabulary; readonly end: number } {
  // An entry is at least 6 bytes ("a":1,) and mostly about 15, of which the token has 7.
  const arrays = new VocabularyArrays((bytes.length - at) >> 3, (bytes.length - at) >> 1);
  let { units, offsets, ids, hashes } = arrays;
  let used = 0;
  let count = 0;
  let i = skipSpace(bytes, at + 1);
  let next = bytes[i] === CLOSE ? CLOSE : COMMA;
  if (next === CLOSE) i++;
  while (next === COMMA) {
    while (bytes[i]! <= 32) i++;
    if (bytes[i++] !== QUOTE) throw unreadable(i - 1, "a token in quotes");
    if (count === ids.length) ({ offsets, ids, hashes } = arrays.growTokens());
    let hash = HASH_SEED;
    for (let byte = bytes[i]!; byte !== QUOTE; byte = bytes[i]!) {
      let unit = byte;
      let size = 1;
      if (byte >= 0x80 || byte === BACKSLASH || !(byte >= 32)) [unit, size] = readCharacter(bytes, i);
      if (used + 2 > units.length) units = arrays.growUnits();
      if (unit > 0xffff) {
        units[used] = 0xd7c0 + (unit >> 10);
        hash = Math.imul(hash ^ units[used++]!, HASH_PRIME);
        unit = 0xdc00 + (unit & 0x3ff);
      }
      units[used++] = unit;
      hash = Math.imul(hash ^ unit, HASH_PRIME);
      i += size;
    }
    i++;
    while (bytes[i]! <= 32) i++;
    if (bytes[i++] !== COLON) throw unreadable(i - 1, "a colon");
    while (bytes[i]! <= 32) i++;
    const first = i;
    let id = 0;
    for (let digit = bytes[i]! - 48; digit >= 0 && digit <= 9; digit = bytes[++i]! - 48) id = id * 10 + digit;
    if (i === first || i > first + 10 || id > 0xffffffff) throw unreadable(first, "an id from 0 to 4294967295");
    ids[count] = id;
    hashes[count++] = hash;
    offsets[count] = used;
    while (bytes[i]! <= 32) i++;
    next = bytes[i++]!;
  }
  if (next !== CLOSE) throw unreadable(i - 1, "a comma or } after an id");
  return { vocabulary: Vocabulary.over(arrays, count), end: i };
}

function unreadable(at: number, expected: string): FormatError {
  return new FormatError(`tokenizer.json: expected ${expected} in model.vocab at byte ${at}; is the file complete?`);
}

/** A character that is an escape or more than one byte: its code point, and how many bytes it takes. */
function readCharacter(bytes: Uint8Array, at: number): [codePoint: number, size: number] {
  const lead = bytes[at];
  if (lead === undefined || lead < 32) throw unreadable(at, "a closed string");
  if (lead === BACKSLASH) {
    const size = bytes[at + 1] === 117 ? 6 : 2;
    // By the engine's own parser: \\n, \\u00e9 and their like; of a surrogate pair each half by itself.
    return [(JSON.parse(`"${String.fromCharCode(...bytes.subarray(at, at + size))}"`) as string).charCodeAt(0), size];
  }
  const size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  let codePoint = lead & (0xff >> (size + 1));
  for (let k = 1; k < size; k++) {
    if ((bytes[at + k]! & 0xc0) !== 0x80) throw unreadable(at, "UTF-8");
    codePoint = (codePoint << 6) | (bytes[at + k]! & 0x3f);
  }
  return [codePoint, size];
}
