/**
 * Dot products of a vector with a block of rows by the fastest kernel that works here, for search over vectors (tasks/vector-scan.ts).
 * Sums are f32 in sixteen lanes: |score - exact| <= errorFactor(C) |query| |row|, because a lane adds at most C/16 products (or 15 single ones),
 * then come 5 additions, each with a relative rounding of 2^-24, and Σ |q_c x_c| <= |query| |row|.
 */
import { SimilarityScan } from "./wasm/similarity.ts";

export interface RowScan {
  /** The block, [blockRows, C]: the caller writes rows here. */
  readonly rows: Float32Array;
  /** query · rows[n] for n < count: a view, valid until the next call. */
  scores(query: Float32Array, count: number): Float32Array;
  /** |rows[n]|² for n < count: a view, valid until the next call. */
  squares(count: number): Float32Array;
}

/** undefined where WebAssembly is missing or forbidden: JavaScript sums in float64 then. */
export function createRowScan(C: number, blockRows: number): RowScan | undefined {
  try {
    return new SimilarityScan("f32", C, blockRows) as RowScan;
  } catch {
    return undefined;
  }
}

export function errorFactor(C: number): number {
  return (C / 16 + 21) * 2 ** -24;
}
