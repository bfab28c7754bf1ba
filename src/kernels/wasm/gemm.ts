/**
 * f32 GEMM of a linear layer: out[M, N] = x[M, K] W^T + bias, with W [N, K] packed at load (pack.ts) into
 *
 *     panels = ceil(N / 16) x (bias f32[16], W^T f32[K][16]),    columns past N are zero,
 *
 * so that starting the totals is the bias add. A total takes sums of 128 products each (gemm-tile.ts), in order of k: within a feature level the bits of a row
 * depend on neither M, nor the tile that computed it, nor its neighbours. x and out have row strides; columns of out past N are not written.
 */
import type { Callable } from "./emitter/call.ts";
import type { ModuleBuilder } from "./emitter/module.ts";
import { i32, select } from "./emitter/scalar.ts";
import { f32x4, v128 } from "./emitter/simd.ts";
import { emitTileLoop, type Tile } from "./gemm-tile.ts";
import type { FeatureLevel } from "./level.ts";
import { addressRows, definePanelLoop, defineStoreColumns, panelColumns, tileParams } from "./panels.ts";

const bytesPerK = 4 * panelColumns;

/** Products in a chain. Its partial sums are then added to the total: the rounding error grows with 128 + K / 128 instead of K, at no measurable cost. */
const chainLength = 128;

/** Bytes of the packed panels of an [N, K] weight and its bias. */
export function panelBytes(N: number, K: number): number {
  return Math.ceil(N / panelColumns) * bytesPerK * (K + 1);
}

/** One tile: `rows` rows and all columns of a panel, NR at a time. `partial` (store_columns): only the first `columns` columns exist. */
export function defineGemmTile(module: ModuleBuilder, level: FeatureLevel, tile: Tile, rows: number, partial?: Callable): Callable {
  return module.internal(
    `gemm_${rows}x${tile.NR}${partial ? "_partial" : ""}`,
    tileParams,
    (f, { out, x, panel, K, outStride, xStride, columns }) => {
      for (let first = 0; first < panelColumns; first += tile.NR) {
        const xRows = addressRows(f, x, xStride, rows);
        const totals = xRows.map(() => Array.from({ length: tile.NR / 4 }, (_, c) => f.v128(v128.load(panel, 4 * first + 16 * c))));
        const sums = totals.map((row) => row.map(() => f.v128()));
        const weights = f.i32(i32.add(panel, bytesPerK + 4 * first));
        const left = f.i32(K);
        f.while(
          () => i32.gt_s(left, 0),
          () => {
            for (const row of sums) for (const sum of row) sum.set(f32x4.const(0));
            const count = f.i32(select(left, chainLength, i32.lt_s(left, chainLength)));
            emitTileLoop(f, level, { x: xRows, panel: weights, panelStep: bytesPerK, K: count, sums });
            for (const [r, row] of totals.entries()) for (const [c, total] of row.entries()) total.set(f32x4.add(total, sums[r]![c]!));
            left.set(i32.sub(left, chainLength));
          },
        );
        const outRows = addressRows(f, out, outStride, rows);
        for (const [r, row] of totals.entries()) {
          for (const [c, sum] of row.entries()) {
            if (partial) f.call(partial, i32.add(outRows[r]!, 4 * first + 16 * c), sum, i32.sub(columns, first + 4 * c));
            else f.storeV128(outRows[r]!, sum, 4 * first + 16 * c);
          }
        }
      }
    },
  );
}

/** gemm and gemmPanels; `rowScale` is not read: both GEMMs take the same arguments. */
export function defineGemm(module: ModuleBuilder, level: FeatureLevel, tile: Tile): void {
  const storeColumns = defineStoreColumns(module, "store_columns");
  definePanelLoop(module, {
    name: "gemm",
    tiles: Array.from({ length: tile.MR }, (_, r) => defineGemmTile(module, level, tile, r + 1)),
    partialTiles: Array.from({ length: 4 }, (_, r) => defineGemmTile(module, level, { MR: 4, NR: 8 }, r + 1, storeColumns)),
    xElementBytes: 4,
    panelSize: (K) => i32.mul(i32.add(K, 1), bytesPerK),
  });
}
