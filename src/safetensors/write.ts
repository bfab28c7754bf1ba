/**
 * Writes a safetensors file as the official library lays it out: tensors by descending alignment of their dtype, then by name (bytes of
 * UTF-8), metadata first in the header, the header padded with spaces so that the data starts at a multiple of 8. Metadata keeps the
 * Map's order (the official library's varies from run to run). Equal input, equal bytes.
 */

import { ConfigError } from "../errors.ts";
import { bytesPerElement, isDType, writingRank } from "./dtypes.ts";
import { byteLength, largestHeader, prefixBytes } from "./header.ts";
import { broken, checkBytes, quoted } from "./rules.ts";
import type { DType } from "./types.ts";

interface Writable {
  dtype: DType;
  shape: readonly number[];
  data: Uint8Array;
}

/**
 * @param tensors name -> dtype, shape and row-major little-endian bytes
 * @throws FormatError where data and shape disagree, or a name or metadata cannot stand in a header; ConfigError for what is no Map or no bytes
 */
export function serializeSafetensors(tensors: ReadonlyMap<string, Writable>, metadata?: ReadonlyMap<string, string>): Uint8Array {
  for (const map of [tensors, metadata ?? new Map()])
    if (Array.isArray(map) || ArrayBuffer.isView(map) || typeof map?.entries !== "function")
      throw new ConfigError("serializeSafetensors: expected tensors and metadata as Maps by name.");
  for (const [name, tensor] of tensors) check(name, tensor);
  const ordered = [...tensors]
    .map(([name, tensor]) => ({ name, tensor, key: new TextEncoder().encode(name) }))
    .sort((a, b) => writingRank(b.tensor.dtype) - writingRank(a.tensor.dtype) || compareBytes(a.key, b.key));
  const fields: string[] = [];
  if (metadata !== undefined) {
    const pairs = [...metadata].map(([key, value]) => `${json(key, "a metadata key")}:${json(value, "a metadata value")}`);
    fields.push(`"__metadata__":{${pairs.join(",")}}`);
  }
  let position = 0;
  for (const { name, tensor } of ordered) {
    const end = position + tensor.data.length;
    fields.push(
      `${json(name, "a tensor name")}:{"dtype":"${tensor.dtype}","shape":[${tensor.shape.join(",")}],"data_offsets":[${position},${end}]}`,
    );
    position = end;
  }
  const header = new TextEncoder().encode(`{${fields.join(",")}}`);
  const length = Math.ceil(header.length / 8) * 8;
  if (length > largestHeader) throw broken("HeaderTooLarge", `the header would take ${length} bytes, the most is ${largestHeader}.`);
  const file = new Uint8Array(prefixBytes + length + position);
  new DataView(file.buffer).setUint32(0, length, true);
  file.set(header, prefixBytes);
  file.fill(0x20, prefixBytes + header.length, prefixBytes + length);
  let at = prefixBytes + length;
  for (const { tensor } of ordered) {
    file.set(tensor.data, at);
    at += tensor.data.length;
  }
  return file;
}

function check(name: string, tensor: Writable): void {
  json(name, "a tensor name");
  const { dtype, shape, data } = tensor ?? {};
  if (name === "__metadata__")
    throw broken("InvalidTensorView", 'a tensor cannot be named "__metadata__": the header uses it for metadata.');
  if (!isDType(dtype))
    throw broken(
      "UnsupportedDType",
      `tensor ${quoted(name)} has dtype ${quoted(String(dtype))}; expected one of ${Object.keys(bytesPerElement).join(", ")}.`,
    );
  if (!Array.isArray(shape) || !shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw broken("InvalidTensorView", `tensor ${quoted(name)} has shape [${shape}]; expected a list of whole numbers from 0 on.`);
  }
  checkBytes(data, `serializeSafetensors: data of tensor ${quoted(name)}`);
  const expected = byteLength(name, dtype, shape);
  if (expected !== data.length) {
    throw broken(
      "InvalidTensorView",
      `tensor ${quoted(name)}: ${dtype} [${shape.join(", ")}] takes ${expected} bytes, its data has ${data.length}.`,
    );
  }
}

/** A JSON string that UTF-8 can carry. Anything else, or a lone surrogate, would make a file that does not open again. */
function json(text: string, what: string): string {
  if (typeof text !== "string") throw broken("InvalidTensorView", `${what} must be a string, found ${typeof text}.`);
  if (/[\ud800-\udfff]/u.test(text)) throw broken("InvalidTensorView", `${what} holds a lone surrogate: ${quoted(text)}.`);
  return JSON.stringify(text);
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) if (a[i] !== b[i]) return (a[i] as number) - (b[i] as number);
  return a.length - b.length;
}
