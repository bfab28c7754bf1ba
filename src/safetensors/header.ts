/**
 * From the header's JSON to checked entries. Reading: each tensor is an object (or, as serde reads structs, an array) of dtype, shape and
 * data_offsets. Then one walk in data order checks the rules together: no gaps, no overlaps, sizes that fit, every byte of the file owned.
 * Stricter than the official library in two places: a tensor name may come once, and dtypes outside DType are refused.
 * Equal metadata keys: the last one wins, as there.
 */

import { bytesPerElement, dtypeNamed } from "./dtypes.ts";
import { broken, quoted } from "./rules.ts";
import { Scanner } from "./scanner.ts";
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
  readonly shape: (number | bigint)[];
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
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw broken("InvalidHeader", "the header is not valid UTF-8.");
  }
  const scanner = new Scanner(text);
  let metadata: Map<string, string> | undefined;
  const declared = new Map<string, Declared>();
  scanner.object("the header", (name) => {
    if (name === "__metadata__") {
      if (metadata !== undefined) throw broken("DuplicateMetadata", "__metadata__ stands in the header twice.");
      metadata = readMetadata(scanner);
    } else {
      if (declared.has(name))
        throw broken("DuplicateTensor", `tensor ${quoted(name)} stands in the header twice; which one counts is anyone's guess.`);
      declared.set(name, readTensor(scanner, name));
    }
  });
  scanner.end();
  const dataStart = prefixBytes + bytes.length;
  return { metadata: metadata ?? new Map(), tensors: validate([...declared.values()], dataStart, fileSize) };
}

function readMetadata(scanner: Scanner): Map<string, string> {
  const metadata = new Map<string, string>();
  if (scanner.literal("null")) return metadata;
  scanner.object("__metadata__, strings only", (key) => {
    metadata.set(key, scanner.string("a metadata value"));
  });
  return metadata;
}

function readTensor(scanner: Scanner, name: string): Declared {
  let dtype: DType | undefined;
  let shape: (number | bigint)[] | undefined;
  let offsets: [begin: number | bigint, end: number | bigint] | undefined;
  const fields = {
    dtype: () => {
      dtype = dtypeNamed(scanner.string(`the dtype of tensor ${quoted(name)}`), name);
    },
    shape: () => {
      const sizes: (number | bigint)[] = [];
      scanner.array(`the shape of tensor ${quoted(name)}`, () => sizes.push(scanner.wholeNumber("a dimension")));
      shape = sizes;
    },
    data_offsets: () => {
      const pair: (number | bigint)[] = [];
      scanner.array(`data_offsets of tensor ${quoted(name)}`, (index) => {
        if (index > 1) throw scanner.fail("two data_offsets");
        pair.push(scanner.wholeNumber("a byte offset"));
      });
      const [begin, end] = pair;
      if (begin === undefined || end === undefined) throw scanner.fail("two data_offsets");
      offsets = [begin, end];
    },
  };
  const order = [fields.dtype, fields.shape, fields.data_offsets];
  if (scanner.peek() === "[") {
    scanner.array(`tensor ${quoted(name)}`, (index) => {
      const field = order[index];
      if (field === undefined) throw scanner.fail("three elements: dtype, shape, data_offsets");
      field();
    });
  } else {
    const seen = new Set<string>();
    scanner.object(`tensor ${quoted(name)}`, (key) => {
      if (key !== "dtype" && key !== "shape" && key !== "data_offsets") return scanner.skipValue();
      if (seen.has(key)) throw broken("DuplicateField", `tensor ${quoted(name)} has the field ${key} twice.`);
      seen.add(key);
      fields[key]();
    });
  }
  if (dtype === undefined || shape === undefined || offsets === undefined) {
    const missing = dtype === undefined ? "dtype" : shape === undefined ? "shape" : "data_offsets";
    throw broken("MissingField", `tensor ${quoted(name)} has no ${missing}.`);
  }
  return { name, dtype, shape, begin: offsets[0], end: offsets[1] };
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
    tensors.set(name, { dtype, shape: shape as number[], start: dataStart + begin, end: dataStart + end });
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
