/**
 * W8A16 GEMM of a linear layer: int8 weights with a scale per output column, int16 activations with a scale per row (quantize-rows.ts),
 *
 *     out[m][n] = f32(sum over k of q[m][k] * w[n][k]) * (rowScale[m] * columnScale[n]) + bias[n]
 *
 * The sum is exact in int32 (the caller's activation limit excludes overflow), hence free of any order. The four f32 operations round one by one in the order
 * written: int32 to f32, scale times scale, product, sum; no fused multiply-add, so that plain JavaScript (Math.fround) gives the same bits on every feature level.
 *
 * Panels: ceil(N / 16) x (bias f32[16], columnScale f32[16], correction int32[16], int8 weights); columns past N and k past K are zero.
 * The layout of the weights and of the rows q belongs to the level's inner loop: gemm-w8-loops.ts.
 */
import type { Callable, Local } from "./emitter/call.ts";
import type { I32 } from "./emitter/expression.ts";
import * as f32x4 from "./emitter/f32x4.ts";
import * as i32 from "./emitter/i32.ts";
import type { ModuleBuilder } from "./emitter/module.ts";
import * as v128 from "./emitter/v128.ts";
import type { Tile } from "./gemm-tile.ts";
import { bytesPer4K, defineWiden, emitDot8, emitDot16 } from "./gemm-w8-loops.ts";
import type { FeatureLevel } from "./level.ts";
import { addressRows, definePanelLoop, defineStoreColumns, panelColumns, tileParams } from "./panels.ts";

/** Where the parts of a panel start. */
export const w8Panel = { bias: 0, columnScale: 4 * panelColumns, correction: 8 * panelColumns, weights: 12 * panelColumns } as const;

/** Bytes of the packed panels of an int8 [N, K] weight, its scales and bias. */
export function panelBytesW8(N: number, K: number): number {
  return Math.ceil(N / panelColumns) * (w8Panel.weights + bytesPer4K * Math.ceil(K / 4));
}

/** Bytes of one panel, in a kernel. */
export function w8PanelSize(K: Local<"i32">): I32 {
  return i32.add(i32.mul(i32.shr_u(i32.add(K, 3), 2), bytesPer4K), w8Panel.weights);
}

interface W8TileOptions {
  /** Stores only the columns that exist. */
  readonly partial?: Callable;
  /** The weights were widened (dot16 only). */
  readonly isWidened?: boolean;
}

/** One tile: x is the quantised rows, rowScale their scales (4 bytes a row). */
export function defineGemmW8Tile(
  module: ModuleBuilder,
  { dot8 }: FeatureLevel,
  tile: Tile,
  rows: number,
  { partial, isWidened }: W8TileOptions = {},
): Callable {
  const name = `gemm_w8_${rows}x${tile.NR}${partial ? "_partial" : ""}${isWidened ? "_widened" : ""}`;
  return module.internal(name, tileParams, (f, out, x, rowScale, panel, K, outStride, xStride, columns) => {
    for (let first = 0; first < panelColumns; first += tile.NR) {
      const weights = f.i32(i32.add(panel, w8Panel.weights));
      const corrections = f.i32(i32.add(panel, w8Panel.correction));
      const operands = { x, xStride, rows, weights, NR: tile.NR, first, K, corrections };
      const sums = dot8 ? emitDot8(f, dot8, operands) : emitDot16(f, operands, isWidened);
      const outRows = addressRows(f, out, outStride, rows);
      const bias = sums[0]!.map((_, c) => f.v128(v128.load(panel, w8Panel.bias + 4 * first + 16 * c)));
      const columnScale = sums[0]!.map((_, c) => f.v128(v128.load(panel, w8Panel.columnScale + 4 * first + 16 * c)));
      for (const [r, row] of sums.entries()) {
        const scale = f.v128(v128.load32_splat(rowScale, 4 * r));
        for (const [c, sum] of row.entries()) {
          const value = f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(sum), f32x4.mul(scale, columnScale[c]!)), bias[c]!);
          if (partial) f.call(partial, i32.add(outRows[r]!, 4 * first + 16 * c), i32.sub(columns, first + 4 * c), value);
          else f.storeV128(outRows[r]!, value, 4 * first + 16 * c);
        }
      }
    }
  });
}

/** Rows from which widening a panel pays: it takes the time of two or three rows, and saves a ninth of every row's. */
const WIDENING_ROWS = 24;

/** Bytes of the scratch that gemmW8Panels takes: a widened panel. */
export function widenedBytes(K: number): number {
  return w8Panel.weights + 2 * bytesPer4K * Math.ceil(K / 4);
}

/** The rewritten panel: the head as it is, the weights as int16. */
function definePanelWiden(module: ModuleBuilder): Callable {
  const widen = defineWiden(module);
  return module.internal("widen_panel", { i32: 3 }, (f, out, panel, K) => {
    f.memoryCopy(out, panel, w8Panel.weights);
    f.call(widen, i32.add(out, w8Panel.weights), i32.add(panel, w8Panel.weights), K);
  });
}

/**
 * gemmW8(out, q, rowScale, panels, M, N, K, outStride, qStride): addresses in bytes, outStride in f32 elements, qStride in int16 elements (a multiple of 4, at least K).
 * gemmW8Panels(..., firstPanel, endPanel, scratch): the same for panels [firstPanel, endPanel) only, faster for many rows with widenedBytes(K) bytes of scratch; 0: none.
 */
export function defineGemmW8(module: ModuleBuilder, level: FeatureLevel, tile: Tile): void {
  const storeColumns = defineStoreColumns(module, "store_columns");
  definePanelLoop(module, {
    name: "gemmW8",
    tiles: Array.from({ length: tile.MR }, (_, i) => defineGemmW8Tile(module, level, tile, tile.MR - i)),
    partialTiles: [2, 1].map((rows) => defineGemmW8Tile(module, level, { MR: 2, NR: 8 }, rows, { partial: storeColumns })),
    rewritten: level.dot8
      ? undefined
      : {
          rows: WIDENING_ROWS,
          rewrite: definePanelWiden(module),
          tiles: [tile.MR, tile.MR - 1].map((rows) => defineGemmW8Tile(module, level, tile, rows, { isWidened: true })),
        },
    xElementBytes: 2,
    panelSize: w8PanelSize,
    touch: { rows: 12, bytes: 16 * 1024 },
  });
}
