/**
 * W8A16 GEMM of a linear layer: int8 weights with a scale per output column, int16 activations with a scale per row (quantize-rows.ts),
 *
 *     out[m][n] = f32(sum over k of q[m][k] * w[n][k]) * (rowScale[m] * columnScale[n]) + bias[n]
 *
 * The sum is exact in int32 (the caller's activation limit excludes overflow), hence free of any order. The four f32 operations round one by one in the order
 * written: int32 to f32, scale times scale, product, sum; no fused multiply-add, so that plain JavaScript (Math.fround) gives the same bits on every feature level.
 *
 * Panels: ceil(N / 16) x (bias f32[16], columnScale f32[16], w int8[ceil(K / 2)][16][2]); columns past N and an odd last k are zero.
 * i32x4.dot_i16x8_s multiplies two neighbouring k of four columns and adds each pair. q rows are int16[2 ceil(K / 2)], the odd last one zero.
 */
import type { Callable } from "./emitter/call.ts";
import type { ModuleBuilder } from "./emitter/module.ts";
import { i32 } from "./emitter/scalar.ts";
import { f32x4, i32x4, v128 } from "./emitter/simd.ts";
import type { Tile } from "./gemm-tile.ts";
import { addressRows, definePanelLoop, defineStoreColumns, panelColumns, tileParams } from "./panels.ts";

const headBytes = 2 * 4 * panelColumns;
const bytesPerPair = 2 * panelColumns;

/** Bytes of the packed panels of an int8 [N, K] weight, its scales and bias. */
export function panelBytesW8(N: number, K: number): number {
  return Math.ceil(N / panelColumns) * (headBytes + bytesPerPair * Math.ceil(K / 2));
}

/** One tile: x is the quantised rows, rowScale their scales (4 bytes a row). */
export function defineGemmW8Tile(module: ModuleBuilder, tile: Tile, rows: number, partial?: Callable): Callable {
  const name = `gemm_w8_${rows}x${tile.NR}${partial ? "_partial" : ""}`;
  return module.internal(name, tileParams, (f, { out, x, rowScale, panel, K, outStride, xStride, columns }) => {
    for (let first = 0; first < panelColumns; first += tile.NR) {
      const xRows = addressRows(f, x, xStride, rows);
      const sums = Array.from({ length: rows }, () => Array.from({ length: tile.NR / 4 }, () => f.v128(i32x4.const(0))));
      const weights = f.i32(i32.add(panel, headBytes + 2 * first));
      const end = f.i32(i32.add(weights, i32.mul(i32.shr_u(i32.add(K, 1), 1), bytesPerPair)));
      f.while(
        () => i32.lt_u(weights, end),
        () => {
          const pairs = sums[0]!.map((_, c) => f.v128(v128.load8x8_s(weights, 8 * c)));
          for (const [r, row] of sums.entries()) {
            const xrk = f.v128(v128.load32_splat(xRows[r]!));
            for (const [c, sum] of row.entries()) sum.set(i32x4.add(sum, i32x4.dot_i16x8_s(xrk, pairs[c]!)));
          }
          weights.set(i32.add(weights, bytesPerPair));
          for (const pointer of xRows) pointer.set(i32.add(pointer, 4));
        },
      );
      const outRows = addressRows(f, out, outStride, rows);
      const bias = sums[0]!.map((_, c) => f.v128(v128.load(panel, 4 * first + 16 * c)));
      const columnScale = sums[0]!.map((_, c) => f.v128(v128.load(panel, 4 * (panelColumns + first) + 16 * c)));
      for (const [r, row] of sums.entries()) {
        const scale = f.v128(v128.load32_splat(rowScale, 4 * r));
        for (const [c, sum] of row.entries()) {
          const value = f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(sum), f32x4.mul(scale, columnScale[c]!)), bias[c]!);
          if (partial) f.call(partial, i32.add(outRows[r]!, 4 * first + 16 * c), value, i32.sub(columns, first + 4 * c));
          else f.storeV128(outRows[r]!, value, 4 * first + 16 * c);
        }
      }
    }
  });
}

/**
 * gemmW8(out, q, rowScale, panels, M, N, K, outStride, qStride): addresses in bytes, outStride in f32 elements, qStride in int16 elements (even).
 * gemmW8Panels: the same for panels [firstPanel, endPanel) only.
 */
export function defineGemmW8(module: ModuleBuilder, tile: Tile): void {
  const storeColumns = defineStoreColumns(module, "store_columns");
  definePanelLoop(module, {
    name: "gemmW8",
    tiles: Array.from({ length: tile.MR }, (_, r) => defineGemmW8Tile(module, tile, r + 1)),
    partialTiles: Array.from({ length: 4 }, (_, r) => defineGemmW8Tile(module, { MR: 4, NR: 8 }, r + 1, storeColumns)),
    xElementBytes: 2,
    panelSize: (K) => i32.add(i32.mul(i32.shr_u(i32.add(K, 1), 1), bytesPerPair), headBytes),
  });
}
