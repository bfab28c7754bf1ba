/**
 * Which matrices are int8 in a w8 model: the one rule that loading with dtype "w8" and the quantiser share.
 *
 * The encoder's linear layers and the word embeddings carry nearly all of the bytes and of the arithmetic.
 * Pooler, heads, norms, biases and the small tables (positions, token types) stay as they are: little to win, and the outputs hang on them.
 */

import type { MatrixRole } from "../layers/weights.ts";
import { quantizeWeightRows } from "../tensor/w8.ts";
import type { WeightDType, WeightMatrix } from "../tensor/weights.ts";

/** What a backend takes as it is in the file. */
export const FLOAT_DTYPES: ReadonlySet<string> = new Set<WeightDType>(["F64", "F32", "F16", "BF16"]);

const INT8_ROLES: ReadonlySet<MatrixRole> = new Set<MatrixRole>(["encoder", "words"]);

export function isQuantized(role: MatrixRole): boolean {
  return INT8_ROLES.has(role);
}

/** An f32 [rows, cols] matrix as int8 with a scale a row. */
export function quantizeMatrix(values: Float32Array, rows: number, cols: number): WeightMatrix {
  const quantized = quantizeWeightRows(values, rows, cols);
  const bytes = new Uint8Array(quantized.values.buffer, quantized.values.byteOffset, quantized.values.length);
  return { dtype: "I8", rows, cols, bytes, scale: quantized.scale };
}
