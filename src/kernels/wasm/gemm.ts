/**
 * f32 GEMM of a linear layer: out[M, N] = x[M, K] W^T + bias, with W [N, K] packed at load (pack.ts) into
 *
 *     panels = ceil(N / 16) x (bias f32[16], W^T f32[K][16]),    columns past N are zero,
 *
 * so that starting the totals is the bias add. A total takes sums of 128 products each (gemm-tile.ts), in order of k: within a feature level the bits of a row
 * depend on neither M, nor the tile that computed it, nor its neighbours. x and out have row strides; columns of out past N are not written.
 */
import type { Callable, Local } from "./emitter/call.ts";
import type { I32 } from "./emitter/expression.ts";
import * as f32x4 from "./emitter/f32x4.ts";
import type { FunctionBuilder } from "./emitter/function.ts";
import * as i32 from "./emitter/i32.ts";
import type { ModuleBuilder } from "./emitter/module.ts";
import * as v128 from "./emitter/v128.ts";
import { emitTileLoop, type Tile } from "./gemm-tile.ts";
import { type FeatureLevel, multiplyAdd } from "./level.ts";
import { addressRows, definePanelLoop, defineStoreColumns, panelColumns, tileParams } from "./panels.ts";

const bytesPerK = 4 * panelColumns;

/** Products in a chain. Its partial sums are then added to the total: the rounding error grows with 128 + K / 128 instead of K, at no measurable cost. */
const chainLength = 128;

/** Bytes of the packed panels of an [N, K] weight and its bias. */
export function panelBytes(N: number, K: number): number {
  return Math.ceil(N / panelColumns) * bytesPerK * (K + 1);
}

/** Bytes of one panel, in a kernel. */
export function panelSize(K: Local<"i32">): I32 {
  return i32.mul(i32.add(K, 1), bytesPerK);
}

/** The sums of one chain over K products, from zero. */
function emitChain(
  f: FunctionBuilder,
  level: FeatureLevel,
  x: readonly Local<"i32">[],
  panel: Local<"i32">,
  K: Local<"i32">,
  NR: number,
): Local<"v128">[][] {
  const sums = x.map(() => Array.from({ length: NR / 4 }, () => f.v128(f32x4.const(0))));
  const end = f.i32(i32.add(panel, i32.mul(K, bytesPerK)));
  emitTileLoop(f, { x, panel, panelStep: bytesPerK, end, sums }, (xrk, weights, sum) => multiplyAdd(level, xrk, weights, sum));
  return sums;
}

/**
 * One chain of `K` products from `weights` on: out = start + sums, where start is the bias (stride 0) or what the chains before left in out.
 * One loop a function, so that V8 keeps nothing of another one in registers.
 */
function defineChain(module: ModuleBuilder, level: FeatureLevel, { NR }: Tile, rows: number): Callable {
  return module.internal(`gemm_${rows}x${NR}_chain`, { i32: 8 }, (f, out, x, weights, K, outStride, xStride, start, startStride) => {
    for (const row of emitChain(f, level, addressRows(f, x, xStride, rows), weights, K, NR)) {
      emitRowTotal(f, level, out, start, row);
      out.add(outStride);
      start.add(startStride);
    }
  });
}

/**
 * out = start + sums, for addresses that may be equal. Loads come before stores: V8 pairs no loads across a store that might alias them.
 * Without pairing the sums go through memory, because V8 of Node 20 and 22 spills registers in a loop whose sums are then added (31 GFLOP/s for 63, measured);
 * with pairing that detour would break the pairs (44 for 125).
 */
function emitRowTotal(
  f: FunctionBuilder,
  level: FeatureLevel,
  out: Local<"i32">,
  start: Local<"i32">,
  sums: readonly Local<"v128">[],
): void {
  const store = (values: readonly Local<"v128">[]) => {
    for (const [c, value] of values.entries()) f.storeV128(out, value, 16 * c);
  };
  if (level.wide) {
    store(sums.map((sum, c) => f.v128(f32x4.add(v128.load(start, 16 * c), sum))));
    return;
  }
  const starts = sums.map((_, c) => f.v128(v128.load(start, 16 * c)));
  store(sums);
  store(starts.map((value, c) => f.v128(f32x4.add(value, v128.load(out, 16 * c)))));
}

/** Steps through K in chains: `chain(count, weights)` is emitted once, in a loop. */
function emitChains(
  f: FunctionBuilder,
  panel: Local<"i32">,
  K: Local<"i32">,
  chain: (count: Local<"i32">, weights: Local<"i32">) => void,
): void {
  const weights = f.i32(i32.add(panel, bytesPerK));
  const left = f.i32(K);
  f.while(
    () => i32.gt_s(left, 0),
    () => {
      const count = f.i32(i32.min_s(left, chainLength));
      chain(count, weights);
      left.set(i32.sub(left, count));
    },
  );
}

/**
 * One tile: `rows` rows and all columns of a panel, NR at a time. Totals wait in `out` between chains:
 * beside the sums they would spill registers in V8 of Node 20 and 22 (26 GFLOP/s for 60).
 */
export function defineGemmTile(module: ModuleBuilder, level: FeatureLevel, tile: Tile, rows: number): Callable {
  const chain = defineChain(module, level, tile, rows);
  return module.internal(`gemm_${rows}x${tile.NR}`, tileParams, (f, out, x, _rowScale, panel, K, outStride, xStride) => {
    const start = f.i32(panel);
    const startStride = f.i32(0);
    emitChains(f, panel, K, (count, weights) => {
      for (let first = 0; first < 4 * panelColumns; first += 4 * tile.NR) {
        f.call(chain, i32.add(out, first), x, i32.add(weights, first), count, outStride, xStride, i32.add(start, first), startStride);
      }
      start.set(out);
      startStride.set(outStride);
      x.add(i32.shl(count, 2));
      weights.add(i32.mul(count, bytesPerK));
    });
  });
}

/** A tile of a last panel, where only the first `columns` columns of out exist: totals wait in locals. */
function definePartialTile(module: ModuleBuilder, level: FeatureLevel, { NR }: Tile, rows: number, storeColumns: Callable): Callable {
  return module.internal(`gemm_${rows}x${NR}_partial`, tileParams, (f, out, x, _rowScale, panel, K, outStride, xStride, columns) => {
    for (let first = 0; first < panelColumns; first += NR) {
      const xRows = addressRows(f, x, xStride, rows);
      const totals = xRows.map(() => Array.from({ length: NR / 4 }, (_, c) => f.v128(v128.load(panel, 4 * first + 16 * c))));
      const shifted = f.i32(i32.add(panel, 4 * first));
      emitChains(f, shifted, K, (count, weights) => {
        const sums = emitChain(f, level, xRows, weights, count, NR);
        for (const [r, row] of totals.entries()) for (const [c, total] of row.entries()) total.set(f32x4.add(total, sums[r]![c]!));
      });
      const outRow = f.i32(i32.add(out, 4 * first));
      for (const row of totals) {
        for (const [c, total] of row.entries()) f.call(storeColumns, i32.add(outRow, 16 * c), i32.sub(columns, first + 4 * c), total);
        outRow.add(outStride);
      }
    }
  });
}

/** gemm and gemmPanels; `rowScale` is not read: both GEMMs take the same arguments. */
export function defineGemm(module: ModuleBuilder, level: FeatureLevel, tile: Tile): void {
  const storeColumns = defineStoreColumns(module, "store_columns");
  definePanelLoop(module, {
    name: "gemm",
    tiles: Array.from({ length: tile.MR }, (_, i) => defineGemmTile(module, level, tile, tile.MR - i)),
    partialTiles: Array.from({ length: 4 }, (_, i) => definePartialTile(module, level, { MR: 4, NR: 8 }, 4 - i, storeColumns)),
    xElementBytes: 4,
    panelSize,
    touch: { rows: 4, bytes: 192 * 1024 },
  });
}
