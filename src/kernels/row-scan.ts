/**
 * Dot products of a vector with a block of rows by the fastest kernel that works here, for search over vectors (tasks/vector-scan.ts).
 * Sums are f32 in sixteen lanes: |score - exact| <= errorFactor(C) |query| |row|, because a lane adds at most C/16 products (or 15 single ones),
 * then come 5 additions, each with a relative rounding of 2^-24, and Σ |q_c x_c| <= |query| |row|.
 */
import { F32, SimilarityScan } from "./wasm/similarity.ts";

export interface RowScan {
  /** The block, [blockRows, C]: the caller writes rows here. */
  readonly rows: Float32Array;
  /** query · rows[n] for n < count: a view, valid until the next call. */
  scores(query: Float32Array, count: number): Float32Array;
  /** |rows[n]|² for n < count: a view, valid until the next call. */
  squares(count: number): Float32Array;
}

/** Scans that nobody uses, by size. An engine sets gigabytes of addresses aside for each memory: a search a request must not make one each. */
const idle = new Map<string, RowScan[]>();
const MOST_IDLE = 4;

/** A scan of one's own, until it is given back; undefined where WebAssembly is missing or forbidden: JavaScript sums in float64 then. */
export function takeRowScan(C: number, blockRows: number): RowScan | undefined {
  const used = idle.get(`${C} ${blockRows}`)?.pop();
  if (used) return used;
  try {
    return new SimilarityScan(F32, C, blockRows) as RowScan;
  } catch {
    return undefined;
  }
}

/** For the next who needs one of this size. Whoever gives it back no longer touches it. */
export function giveBackRowScan(scan: RowScan, C: number, blockRows: number): void {
  const key = `${C} ${blockRows}`;
  const scans = idle.get(key) ?? [];
  if (scans.length >= MOST_IDLE) return;
  if (scans.length === 0 && idle.size >= MOST_IDLE) idle.clear(); // other sizes are no longer asked for
  idle.set(key, [...scans, scan]);
}

export function errorFactor(C: number): number {
  return (C / 16 + 21) * 2 ** -24;
}
