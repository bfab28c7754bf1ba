/**
 * The element types of the format, as data: bytes per element, and the order in which the official writer lays tensors out
 * (its enum runs from the smallest alignment to the largest, and files are written with the largest first).
 */

import { broken, quoted } from "./rules.ts";
import type { DType } from "./types.ts";

/** Bytes per element, in the official enum's order (dtypes that this library does not read are left out, the order stays). */
export const bytesPerElement: Readonly<Record<DType, number>> = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
};

const names = Object.keys(bytesPerElement) as DType[];
const ranks = new Map<string, number>(names.map((name, rank) => [name, rank]));

/** Position in the official enum: files are written by descending rank, then by name. */
export function writingRank(dtype: DType): number {
  return ranks.get(dtype) as number;
}

/** True for a name of `DType`; a Map, so that "__proto__" and "constructor" are names like any other. */
export function isDType(name: unknown): name is DType {
  return typeof name === "string" && ranks.has(name);
}

/** Dtypes that the official library knows and this one does not: told apart, so that the error can say which it is. */
const foreign = new Set(["F4", "F6_E2M3", "F6_E3M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "C64"]);

/** The checked dtype of a tensor. */
export function dtypeNamed(name: string, tensor: string): DType {
  if (isDType(name)) return name;
  const kind = foreign.has(name) ? "is a dtype that this library does not read" : "is no dtype of the format";
  throw broken(
    "UnsupportedDType",
    `tensor ${quoted(tensor)} has dtype ${quoted(name)}, which ${kind}; expected one of ${names.join(", ")}.`,
  );
}
