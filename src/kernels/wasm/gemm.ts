/**
 * f32 GEMM of a linear layer: out[M, N] = x[M, K] W^T + bias, W [N, K] packed at load into panels of `panelColumns` columns,
 *
 *     panels = ceil(N / P) x (bias[P], W^T[K][P]),    columns past N are zero,
 *
 * so that starting the sums is the bias add. Loop order: panels outside (each is read from memory once and stays in L1), tiles of rows inside.
 * Rows are dealt to tiles as evenly as possible: 8 rows with MR = 6 run as 4 + 4. Every sum is one chain over k from the bias (gemm-tile.ts): the bits of a
 * row depend on neither M nor the tile. x and out have row strides; columns of out past N are not written.
 */
import type { Callable, Local } from "./emitter/call.ts";
import type { FunctionBuilder } from "./emitter/function.ts";
import type { ModuleBuilder } from "./emitter/module.ts";
import { i32 } from "./emitter/scalar.ts";
import { f32x4, v128 } from "./emitter/simd.ts";
import { emitTileLoop, type Tile } from "./gemm-tile.ts";
import type { FeatureLevel } from "./level.ts";

/** Columns in a panel. */
export const panelColumns = 16;
const bytesPerK = 4 * panelColumns;

const tileParams = { out: "i32", x: "i32", panel: "i32", K: "i32", outStride: "i32", xStride: "i32", columns: "i32" } as const;

/** Bytes of the packed panels of an [N, K] weight and its bias. */
export function panelBytes(N: number, K: number): number {
  return Math.ceil(N / panelColumns) * bytesPerK * (K + 1);
}

/** One tile of `rows` rows and all columns of a panel, NR at a time; strides in bytes. `partial`: only the first `columns` columns exist. */
function defineTile(module: ModuleBuilder, level: FeatureLevel, tile: Tile, rows: number, partial: boolean): Callable {
  return module.internal(
    `gemm_${rows}x${tile.NR}${partial ? "_partial" : ""}`,
    tileParams,
    (f, { out, x, panel, K, outStride, xStride, columns }) => {
      for (let first = 0; first < panelColumns; first += tile.NR) {
        const xRows = addressRows(f, x, xStride, rows);
        const sums = Array.from({ length: rows }, () =>
          Array.from({ length: tile.NR / 4 }, (_, c) => f.v128(v128.load(panel, 4 * first + 16 * c))),
        );
        const weights = f.i32(i32.add(panel, bytesPerK + 4 * first));
        emitTileLoop(f, level, tile.unroll, { x: xRows, panel: weights, panelStep: bytesPerK, K, sums });
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

/** Addresses of `rows` rows from `start` on. */
function addressRows(f: FunctionBuilder, start: Local<"i32">, stride: Local<"i32">, rows: number): Local<"i32">[] {
  const addresses: Local<"i32">[] = [];
  for (let r = 0; r < rows; r++) addresses.push(f.i32(r === 0 ? start : i32.add(addresses[r - 1]!, stride)));
  return addresses;
}

/** Stores those of the four columns from `first` on that are below `columns`. */
function storeColumns(f: FunctionBuilder, out: Local<"i32">, sum: Local<"v128">, first: number, columns: Local<"i32">): void {
  f.if(
    i32.ge_s(columns, first + 4),
    () => f.storeV128(out, sum, 4 * first),
    () => {
      for (let lane = 0; lane < 3; lane++) f.if(i32.gt_s(columns, first + lane), () => f.storeLane32(out, sum, lane, 4 * (first + lane)));
    },
  );
}

/**
 * gemm(out, x, panels, M, N, K, outStride, xStride): addresses in bytes, strides in elements.
 * gemmPanels is the same for panels [firstPanel, endPanel) only, for threads that share one product.
 */
export function defineGemm(module: ModuleBuilder, level: FeatureLevel, tile: Tile): void {
  const full = Array.from({ length: tile.MR }, (_, r) => defineTile(module, level, tile, r + 1, false));
  const partialMR = 4;
  const partial = Array.from({ length: partialMR }, (_, r) => defineTile(module, level, { MR: partialMR, NR: 8, unroll: 1 }, r + 1, true));
  const params = { out: "i32", x: "i32", panels: "i32", M: "i32", N: "i32", K: "i32", outStride: "i32", xStride: "i32" } as const;

  /** All rows of one panel: ceil(M / MR) tiles, the first ones a row taller where M does not divide. */
  const defineRows = (tiles: readonly Callable[], name: string) =>
    module.internal(name, { ...tileParams, M: "i32" }, (f, { out, x, panel, K, outStride, xStride, columns, M }) => {
      const MR = tiles.length;
      const tileCount = f.i32(i32.div_u(i32.add(M, MR - 1), MR));
      f.while(
        () => i32.gt_s(tileCount, 0),
        () => {
          const rows = f.i32(i32.div_u(i32.sub(i32.add(M, tileCount), 1), tileCount));
          f.block((done) => {
            for (let r = MR; r >= 1; r--) {
              f.if(i32.eq(rows, r), () => {
                f.call(tiles[r - 1]!, out, x, panel, K, outStride, xStride, columns);
                f.br(done);
              });
            }
          });
          out.set(i32.add(out, i32.mul(rows, outStride)));
          x.set(i32.add(x, i32.mul(rows, xStride)));
          M.set(i32.sub(M, rows));
          tileCount.set(i32.sub(tileCount, 1));
        },
      );
    });
  const fullRows = defineRows(full, "gemm rows");
  const partialRows = defineRows(partial, "gemm rows of a partial panel");

  const panelRange = module.function(
    "gemmPanels",
    { ...params, firstPanel: "i32", endPanel: "i32" },
    (f, { out, x, panels, M, N, K, outStride, xStride, firstPanel, endPanel }) => {
      const outBytes = f.i32(i32.shl(outStride, 2));
      const xBytes = f.i32(i32.shl(xStride, 2));
      const size = f.i32(i32.mul(i32.add(K, 1), bytesPerK));
      const panel = f.i32(i32.add(panels, i32.mul(firstPanel, size)));
      const column = f.i32(i32.mul(firstPanel, panelColumns));
      const at = f.i32(i32.add(out, i32.shl(column, 2)));
      f.while(
        () => i32.lt_s(firstPanel, endPanel),
        () => {
          const columns = f.i32(i32.sub(N, column));
          f.if(
            i32.ge_s(columns, panelColumns),
            () => f.call(fullRows, at, x, panel, K, outBytes, xBytes, panelColumns, M),
            () => f.call(partialRows, at, x, panel, K, outBytes, xBytes, columns, M),
          );
          panel.set(i32.add(panel, size));
          column.set(i32.add(column, panelColumns));
          at.set(i32.add(at, 4 * panelColumns));
          firstPanel.set(i32.add(firstPanel, 1));
        },
      );
    },
  );
  module.function("gemm", params, (f, { out, x, panels, M, N, K, outStride, xStride }) => {
    f.call(panelRange, out, x, panels, M, N, K, outStride, xStride, 0, i32.div_u(i32.add(N, panelColumns - 1), panelColumns));
  });
}
