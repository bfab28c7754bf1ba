/**
 * Smaller vectors for storage and search, with sentence-transformers' arithmetic to the last bit.
 *
 *   uint8    clip(floor((x - min_c) / ((max_c - min_c) / 255)), 0, 255) with a range per dimension c;  int8 the same minus 128
 *   ubinary  the sign bits x > 0, eight dimensions a byte, the first in the highest bit;               binary the same minus 128
 *
 * A range comes from the caller, from calibration vectors, or (as in Python) from the vectors themselves.
 * All sums and quotients are rounded to float32, as numpy computes them.
 */

import { check, checkList, checkOptions, unexpected } from "../checks.ts";
import { ConfigError, ShapeError } from "../errors.ts";
import { checkSameLength } from "./vectors.ts";

export type VectorPrecision = "int8" | "uint8" | "binary" | "ubinary";
export type Ranges = readonly (readonly [min: number, max: number])[];

export interface QuantizeOptions {
  /** [min, max] of each dimension: [C]. Only int8 and uint8 use it. */
  ranges?: readonly [number, number][];
  /** Vectors whose smallest and largest value a dimension become its range. */
  calibration?: readonly Float32Array[];
}

/** @throws ConfigError where a range is needed and cannot be known, ShapeError where lengths differ */
export function quantizeEmbeddings(
  vectors: readonly Float32Array[],
  precision: VectorPrecision,
  options: QuantizeOptions = {},
): (Int8Array | Uint8Array)[] {
  checkOptions(options);
  const C = checkSameLength(vectors, "quantizeEmbeddings");
  switch (precision) {
    case "binary":
    case "ubinary":
      return vectors.map((vector) => packSigns(vector, precision === "binary"));
    case "int8":
    case "uint8": {
      if (C === undefined) return [];
      const ranges = options.ranges ?? rangesOf(options.calibration ?? ownCalibration(vectors));
      checkList(ranges, "ranges", "a list of [min, max]");
      if (ranges.length !== C) throw new ShapeError(`quantizeEmbeddings: ${ranges.length} ranges for vectors of ${C} dimensions`);
      const wrong = ranges.findIndex((range: unknown) => !(Array.isArray(range) && range.every(Number.isFinite) && range[0] <= range[1]));
      check(wrong < 0, `ranges[${wrong}]`, "[min, max]", ranges[wrong]);
      return vectors.map((vector) => bucket(vector, ranges, precision === "int8"));
    }
    default:
      throw unexpected("precision", '"int8", "uint8", "binary" or "ubinary"', precision);
  }
}

/** Smallest and largest value of each dimension: [C]. */
function rangesOf(calibration: readonly Float32Array[]): [number, number][] {
  const C = checkSameLength(calibration, "calibration vectors");
  check(C !== undefined, "calibration", "vectors to take the ranges from", calibration);
  return Array.from({ length: C }, (_, c) => {
    let min = Number.POSITIVE_INFINITY;
    let max = Number.NEGATIVE_INFINITY;
    for (const vector of calibration) {
      min = Math.min(min, vector[c]!);
      max = Math.max(max, vector[c]!);
    }
    return [min, max];
  });
}

function ownCalibration(vectors: readonly Float32Array[]): readonly Float32Array[] {
  if (vectors.length > 1) return vectors;
  throw new ConfigError("quantizeEmbeddings: one vector has no range of its own; pass `ranges` or `calibration` vectors");
}

function bucket(vector: Float32Array, ranges: Ranges, signed: boolean): Int8Array | Uint8Array {
  const out = signed ? new Int8Array(vector.length) : new Uint8Array(vector.length);
  for (let c = 0; c < vector.length; c++) {
    const start = Math.fround(ranges[c]![0]);
    const step = Math.fround(Math.fround(Math.fround(ranges[c]![1]) - start) / 255) || 1; // a constant dimension: every value is its start
    const level = Math.floor(Math.fround(Math.fround(vector[c]! - start) / step));
    out[c] = Math.min(Math.max(level, 0), 255) - (signed ? 128 : 0);
  }
  return out;
}

function packSigns(vector: Float32Array, signed: boolean): Int8Array | Uint8Array {
  const bytes = new Uint8Array(Math.ceil(vector.length / 8));
  for (let c = 0; c < vector.length; c++) if (vector[c]! > 0) bytes[c >> 3]! |= 0x80 >> (c & 7);
  return signed ? Int8Array.from(bytes, (byte) => byte - 128) : bytes;
}
