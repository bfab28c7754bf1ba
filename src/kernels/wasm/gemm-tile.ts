/**
 * The inner loop of every f32 matrix product: an MR x NR tile of sums kept in registers,
 *
 *     sum[r][c] = x[r][0] * panel[0][c] + x[r][1] * panel[1][c] + ...    in this order
 *
 * Each sum is one chain over k, so its bits depend on the row and the column only, never on the tile (Goto & van de Geijn 2008 for the shape of the loops).
 * Neighbouring columns sit in neighbouring v128, loaded and used in pairs: the form that V8's revectorisation fuses to 256 bits.
 */
import type { Local } from "./emitter/call.ts";
import * as f32x4 from "./emitter/f32x4.ts";
import type { FunctionBuilder } from "./emitter/function.ts";
import * as i32 from "./emitter/i32.ts";
import * as v128 from "./emitter/v128.ts";
import { type FeatureLevel, multiplyAdd } from "./level.ts";

/** MR rows by NR columns (a multiple of 4). */
export interface Tile {
  readonly MR: number;
  readonly NR: number;
}

export interface TileOperands {
  /** Byte address of each row's next element; MR of them. Moved by the loop. */
  readonly x: readonly Local<"i32">[];
  /** Byte address of the panel's next row of k. Moved by the loop. */
  readonly panel: Local<"i32">;
  /** Bytes from one k to the next in the panel. */
  readonly panelStep: number;
  readonly K: Local<"i32">;
  /** sums[r][c / 4], set by the loop. */
  readonly sums: readonly (readonly Local<"v128">[])[];
}

/** Emits the loop over k. One k a turn: unrolling gains nothing where it does not lose (V8 of Node 20 and 22 loses half). */
export function emitTileLoop(f: FunctionBuilder, level: FeatureLevel, { x, panel, panelStep, K, sums }: TileOperands): void {
  for (const row of sums) for (const sum of row) sum.set(f32x4.const(0));
  const end = f.i32(i32.add(panel, i32.mul(K, panelStep)));
  f.while(
    () => i32.lt_u(panel, end),
    () => {
      const columns = sums[0]!.map((_, c) => f.v128(v128.load(panel, 16 * c)));
      for (const [r, row] of sums.entries()) {
        const xrk = f.v128(v128.load32_splat(x[r]!));
        for (const [c, sum] of row.entries()) sum.set(multiplyAdd(level, xrk, columns[c]!, sum));
      }
      panel.set(i32.add(panel, panelStep));
      for (const pointer of x) pointer.set(i32.add(pointer, 4));
    },
  );
}
