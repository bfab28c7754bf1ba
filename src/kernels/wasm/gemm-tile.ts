/**
 * The inner loop of matrix products: an MR x NR tile of sums kept in registers,
 *
 *     sum[r][c] += x[r][0] * panel[0][c] + x[r][1] * panel[1][c] + ...    in this order
 *
 * An element of x is four bytes: an f32, or for W8A16 (gemm-w8-loops.ts) four digits that meet four weights in one instruction.
 * Each sum is one chain over k, so its bits depend on the row and the column only, never on the tile (Goto & van de Geijn 2008 for the shape of the loops).
 * Neighbouring columns sit in neighbouring v128, loaded and used in pairs: the form that V8's revectorisation fuses to 256 bits.
 */
import type { Local } from "./emitter/call.ts";
import type { V128 } from "./emitter/expression.ts";
import type { FunctionBuilder } from "./emitter/function.ts";
import * as i32 from "./emitter/i32.ts";
import * as v128 from "./emitter/v128.ts";

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
  /** Where the panel ends. */
  readonly end: Local<"i32">;
  /** sums[r][c / 4], added to. */
  readonly sums: readonly (readonly Local<"v128">[])[];
}

/** sum + x * weights, for the x of one row, the same in all lanes. */
export type Accumulate = (x: Local<"v128">, weights: Local<"v128">, sum: Local<"v128">) => V128;

/** Emits the loop over k. One k a turn: unrolling gains nothing where it does not lose (V8 of Node 20 and 22 loses half). */
export function emitTileLoop(f: FunctionBuilder, { x, panel, panelStep, end, sums }: TileOperands, accumulate: Accumulate): void {
  f.while(
    () => i32.lt_u(panel, end),
    () => {
      const columns = sums[0]!.map((_, c) => f.v128(v128.load(panel, 16 * c)));
      for (const [r, row] of sums.entries()) {
        const xrk = f.v128(v128.load32_splat(x[r]!));
        for (const [c, sum] of row.entries()) sum.set(accumulate(xrk, columns[c]!, sum));
      }
      panel.add(panelStep);
      for (const pointer of x) pointer.add(4);
    },
  );
}
