/**
 * f32 GEMM of a linear layer: out[M, N] = x[M, K] W^T + bias, with W [N, K] packed at load (pack.ts) into
 *
 *     panels = ceil(N / 16) x (bias f32[16], W^T f32[K][16]),    columns past N are zero,
 *
 * so that starting the sums is the bias add. Every sum is one chain over k from the bias (gemm-tile.ts): within a feature level the bits of a row depend on
 * neither M, nor the tile that computed it, nor its neighbours. x and out have row strides; columns of out past N are not written.
 */
import type { Callable } from "./emitter/call.ts";
import type { ModuleBuilder } from "./emitter/module.ts";
import { i32 } from "./emitter/scalar.ts";
import { v128 } from "./emitter/simd.ts";
import { emitTileLoop, type Tile } from "./gemm-tile.ts";
import type { FeatureLevel } from "./level.ts";
import { addressRows, definePanelLoop, panelColumns, storeColumns, tileParams } from "./panels.ts";

const bytesPerK = 4 * panelColumns;

/** Bytes of the packed panels of an [N, K] weight and its bias. */
export function panelBytes(N: number, K: number): number {
  return Math.ceil(N / panelColumns) * bytesPerK * (K + 1);
}

/** One tile: `rows` rows and all columns of a panel, NR at a time. `partial`: only the first `columns` columns exist. */
export function defineGemmTile(module: ModuleBuilder, level: FeatureLevel, tile: Tile, rows: number, partial: boolean): Callable {
  return module.internal(
    `gemm_${rows}x${tile.NR}${partial ? "_partial" : ""}`,
    tileParams,
    (f, { out, x, panel, K, outStride, xStride, columns }) => {
      for (let first = 0; first < panelColumns; first += tile.NR) {
        const xRows = addressRows(f, x, xStride, rows);
        const sums = xRows.map(() => Array.from({ length: tile.NR / 4 }, (_, c) => f.v128(v128.load(panel, 4 * first + 16 * c))));
        const weights = f.i32(i32.add(panel, bytesPerK + 4 * first));
        emitTileLoop(f, level, { x: xRows, panel: weights, panelStep: bytesPerK, K, sums });
        const outRows = addressRows(f, out, outStride, rows);
        for (const [r, row] of sums.entries()) {
          for (const [c, sum] of row.entries()) {
            if (partial) storeColumns(f, outRows[r]!, sum, first + 4 * c, columns);
            else f.storeV128(outRows[r]!, sum, 4 * first + 16 * c);
          }
        }
      }
    },
  );
}

/** gemm and gemmPanels; `rowScale` is not read: both GEMMs take the same arguments. */
export function defineGemm(module: ModuleBuilder, level: FeatureLevel, tile: Tile): void {
  definePanelLoop(module, {
    name: "gemm",
    tiles: Array.from({ length: tile.MR }, (_, r) => defineGemmTile(module, level, tile, r + 1, false)),
    partialTiles: Array.from({ length: 4 }, (_, r) => defineGemmTile(module, level, { MR: 4, NR: 8 }, r + 1, true)),
    xElementBytes: 4,
    panelSize: (K) => i32.mul(i32.add(K, 1), bytesPerK),
  });
}
