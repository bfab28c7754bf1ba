/**
 * From the header's JSON to checked entries. Reading: each tensor is an object (or, as serde reads structs, an array) of dtype, shape and
 * data_offsets. Then one walk in data order checks the rules together: no gaps, no overlaps, sizes that fit, every byte of the file owned.
 * Stricter than the official library: a tensor name may come once, dtypes outside DType are refused, and so are dimensions from 2^53 on.
 * Equal metadata keys: the last one wins, as there.
 */

import type { FormatError } from "../errors.ts";
import { bytesPerElement, dtypeNamed } from "./dtypes.ts";
import { broken, quoted } from "./rules.ts";
import { invalidJson, type Json, type JsonMembers, parseStrictly } from "./strict-json.ts";
import type { DType, TensorEntry } from "./types.ts";

/** Bytes before the header: its length as a little-endian u64. */
export const prefixBytes = 8;
/** The official library's limit; a larger length is almost always a file of another kind. */
export const largestHeader = 100_000_000;

export interface Header {
  readonly metadata: ReadonlyMap<string, string>;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
}

interface Declared {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly (number | bigint)[];
  readonly begin: number | bigint;
  readonly end: number | bigint;
}

/**
 * Length of the JSON header, checked against the file's size.
 * @param prefix the file's first 8 bytes, or fewer where it has fewer
 */
export function headerLength(prefix: Uint8Array, fileSize: number): number {
  if (prefix.length < prefixBytes || fileSize < prefixBytes) {
    throw broken("HeaderTooSmall", `expected at least ${prefixBytes} bytes, found ${fileSize}; is the file empty or cut?`);
  }
  const view = new DataView(prefix.buffer, prefix.byteOffset, prefixBytes);
  const length = view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true); // rounded above 2^53, and refused there
  if (length > largestHeader)
    throw broken("HeaderTooLarge", `the header claims ${length} bytes, the most is ${largestHeader}${guess(prefix)}.`);
  if (prefixBytes + length > fileSize) {
    throw broken(
      "InvalidHeaderLength",
      `the header claims ${length} bytes, but only ${fileSize - prefixBytes} follow; the file is cut or is no safetensors file.`,
    );
  }
  return length;
}

/** What a file that is no safetensors file probably is, from its first bytes. */
function guess(prefix: Uint8Array): string {
  const text = String.fromCharCode(...prefix);
  if (text.startsWith("version ")) return "; this looks like a Git LFS pointer: fetch the real file (git lfs pull)";
  if (text.trimStart().startsWith("<")) return "; this looks like an HTML page, not the file itself: check the address";
  if (text.startsWith("PK") || text.startsWith("\x80")) return "; this looks like a pickle (torch.save): convert it to safetensors first";
  if (text.trimStart().startsWith("{")) return "; this looks like JSON";
  return "; this is no safetensors file";
}

/** Reads and validates the header. `bytes` are the JSON's bytes; positions in the result count from the start of the file. */
export function readHeader(bytes: Uint8Array, fileSize: number): Header {
  const json = parseStrictly(utf8(bytes, "the header"), "the header");
  const metadata = new Map<string, string>();
  const declared = new Map<string, Declared>();
  let hasMetadata = false;
  for (const [name, value] of membersOf(json, "the header")) {
    if (name === "__metadata__") {
      if (hasMetadata) throw broken("DuplicateMetadata", "__metadata__ stands in the header twice.");
      hasMetadata = true;
      for (const [key, text] of value === null ? [] : membersOf(value, name)) metadata.set(key, stringOf(text, `${name} ${quoted(key)}`));
    } else {
      if (declared.has(name)) throw duplicate("DuplicateTensor", `tensor ${quoted(name)}`);
      declared.set(name, readTensor(name, value));
    }
  }
  const dataStart = prefixBytes + bytes.length;
  return { metadata, tensors: validate([...declared.values()], dataStart, fileSize) };
}

/** @param what the bytes are, for errors */
export function utf8(bytes: Uint8Array, what: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw broken("InvalidHeader", `${what} is not valid UTF-8.`);
  }
}

export function membersOf(json: Json, what: string): JsonMembers["members"] {
  if (typeof json === "object" && json !== null && "members" in json) return json.members;
  throw invalidJson(`expected ${what} to be an object.`);
}

export function stringOf(json: Json, what: string): string {
  if (typeof json === "string") return json;
  throw invalidJson(`expected ${what} to be a string.`);
}

/** The error for what a header or an index may say only once. */
export function duplicate(rule: string, what: string): FormatError {
  return broken(rule, `${what} is there twice; which one counts is anyone's guess.`);
}

const FIELDS = ["dtype", "shape", "data_offsets"];

function readTensor(name: string, json: Json): Declared {
  const tensor = `tensor ${quoted(name)}`;
  const isList = Array.isArray(json);
  if (isList && json.length !== FIELDS.length) throw invalidJson(`expected ${tensor} to be [${FIELDS.join(", ")}].`);
  const members = isList ? json.map((value, i): [string, Json] => [FIELDS[i]!, value]) : membersOf(json, tensor);
  const fields = new Map<string, Json>();
  for (const [key, value] of members) {
    if (FIELDS.includes(key) && fields.has(key)) throw duplicate("DuplicateField", `${key} of ${tensor}`);
    fields.set(key, value);
  }
  const [dtype, shape, offsets] = FIELDS.map((field) => {
    if (!fields.has(field)) throw broken("MissingField", `${tensor} has no ${field}.`);
    return fields.get(field);
  });
  const [begin, end, ...more] = wholeNumbers(offsets, `data_offsets of ${tensor}`);
  if (begin === undefined || end === undefined || more.length > 0) throw invalidJson(`expected ${tensor} to have two data_offsets.`);
  return {
    name,
    dtype: dtypeNamed(stringOf(dtype, `the dtype of ${tensor}`), name),
    shape: wholeNumbers(shape, `the shape of ${tensor}`),
    begin,
    end,
  };
}

function wholeNumbers(json: Json, what: string): readonly (number | bigint)[] {
  if (Array.isArray(json) && json.every((value) => typeof value === "number" || typeof value === "bigint")) return json;
  throw invalidJson(`expected ${what} to be a list of whole numbers from 0 to 2^64 - 1.`);
}

/** The one walk, in data order: each tensor begins where the one before it ended, and the last ends with the file. */
function validate(declared: Declared[], dataStart: number, fileSize: number): Map<string, TensorEntry> {
  const tensors = new Map<string, TensorEntry>();
  let position = 0;
  declared.sort((a, b) => compare(a.begin, b.begin) || compare(a.end, b.end));
  for (const { name, dtype, shape, begin, end } of declared) {
    if (begin === position && typeof end === "bigint") {
      throw broken(
        "MetadataIncompleteBuffer",
        `tensor ${quoted(name)} would end at byte ${end} of the data; the file has ${fileSize} bytes.`,
      );
    }
    if (begin !== position || typeof end === "bigint" || end < begin) {
      const why = begin > position ? "leaves a hole" : begin < position ? "overlaps the tensor before it" : "ends before it begins";
      throw broken(
        "InvalidOffset",
        `tensor ${quoted(name)} has data_offsets [${begin}, ${end}] where ${position} bytes are taken: it ${why}.`,
      );
    }
    const expected = byteLength(name, dtype, shape);
    if (expected !== end - begin) {
      throw broken(
        "TensorInvalidInfo",
        `tensor ${quoted(name)}: ${dtype} [${shape.slice(0, 8).join(", ")}] takes ${expected} bytes, data_offsets give ${end - begin}.`,
      );
    }
    tensors.set(name, { dtype, shape: shape as readonly number[], start: dataStart + begin, end: dataStart + end });
    position = end;
  }
  if (dataStart + position !== fileSize) {
    const data = fileSize - dataStart;
    throw broken(
      "MetadataIncompleteBuffer",
      `the tensors take ${position} bytes, the file has ${data} after the header: it is ${data < position ? "cut" : "too long"}.`,
    );
  }
  return tensors;
}

function compare(a: number | bigint, b: number | bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Bytes of a tensor; sizes whose product leaves 64 bits, or a dimension that a double cannot hold, are an overflow. */
export function byteLength(name: string, dtype: DType, shape: readonly (number | bigint)[]): number {
  let count: number | bigint = 1;
  for (const size of shape) {
    if (typeof size === "bigint")
      throw broken("ValidationOverflow", `tensor ${quoted(name)} has a dimension of ${size}; the most is 2^53 - 1.`);
    const product: number = Number(count) * size;
    count = Number.isSafeInteger(product) ? product : BigInt(count) * BigInt(size);
    if (typeof count === "bigint" && count >= 1n << 64n) {
      throw broken("ValidationOverflow", `the shape of tensor ${quoted(name)} has 2^64 elements or more.`);
    }
  }
  return Number(count) * bytesPerElement[dtype];
}
