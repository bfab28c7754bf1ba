/**
 * packW8(panels, rows, N, K, staging): rows of int8 become W8A16 panels, with corrections; as pack-kernels.ts, with the scale of each column after the biases.
 *
 *     dot16    int8[K / 2][16][2]: units of two bytes, transposed eight rows by eight units at a time
 *     dot8     int8[K / 4][16][4]: units of four bytes, transposed four rows by four units at a time
 *
 * Staged rows have zeros after their K values; so K is padded to a multiple of 4 with zeros.
 * Gives the largest sum of magnitudes of a row, from which the activation limit follows (tensor/w8.ts).
 */
import type { Local } from "./emitter/call.ts";
import type { FunctionBuilder } from "./emitter/function.ts";
import * as i8x16 from "./emitter/i8x16.ts";
import * as i16x8 from "./emitter/i16x8.ts";
import * as i32 from "./emitter/i32.ts";
import * as i32x4 from "./emitter/i32x4.ts";
import type { ModuleBuilder } from "./emitter/module.ts";
import * as v128 from "./emitter/v128.ts";
import { w8Panel, w8PanelSize } from "./gemm-w8.ts";
import { bytesPer4K } from "./gemm-w8-loops.ts";
import type { FeatureLevel } from "./level.ts";
import { definePacking, emitTranspose4 } from "./pack-kernels.ts";
import { addressRows, panelColumns } from "./panels.ts";

export function definePackW8(module: ModuleBuilder, { dot8 }: FeatureLevel): void {
  const packPanel = module.internal(
    "packW8 panel",
    { i32: 4 },
    (f, panel, rows, rowBytes, K) => {
      const weights = f.i32(i32.add(panel, w8Panel.weights));
      const fours = f.i32(i32.shr_u(i32.add(K, 3), 2));
      const emitTransposed = dot8 ? emitFours : emitPairs;
      emitTransposed(f, { weights, rows, rowBytes, fours });
      f.return(emitRowSums(f, panel, rows, rowBytes));
    },
    "i32",
  );
  definePacking(module, {
    name: "packW8",
    bytes: 1,
    panelSize: w8PanelSize,
    packPanel,
    copyHead(f, panel, columns, N) {
      const biasBytes = i32.and(i32.add(i32.shl(N, 2), 4 * panelColumns - 1), -4 * panelColumns);
      f.memoryCopy(i32.add(panel, w8Panel.bias), columns, 4 * panelColumns);
      f.memoryCopy(i32.add(panel, w8Panel.columnScale), i32.add(columns, biasBytes), 4 * panelColumns);
    },
  });
}

interface Staged {
  readonly weights: Local<"i32">;
  readonly rows: Local<"i32">;
  readonly rowBytes: Local<"i32">;
  /** K / 4, rounded up. */
  readonly fours: Local<"i32">;
}

function emitFours(f: FunctionBuilder, { weights, rows, rowBytes, fours }: Staged): void {
  f.repeat(panelColumns, 4, (first) => {
    const pointers = addressRows(f, f.i32(i32.add(rows, i32.mul(first, rowBytes))), rowBytes, 4);
    f.repeat(fours, 4, (unit) => {
      const units = emitTranspose4(
        f,
        pointers.map((pointer) => v128.load(i32.add(pointer, i32.shl(unit, 2)))),
      );
      const out = f.i32(i32.add(weights, i32.add(i32.mul(unit, bytesPer4K), i32.shl(first, 2))));
      for (const [u, value] of units.entries()) f.if(i32.lt_s(i32.add(unit, u), fours), () => f.storeV128(out, value, bytesPer4K * u));
    });
  });
}

function emitPairs(f: FunctionBuilder, { weights, rows, rowBytes, fours }: Staged): void {
  const count = f.i32(i32.shl(fours, 1));
  f.repeat(panelColumns, 8, (first) => {
    const pointers = addressRows(f, f.i32(i32.add(rows, i32.mul(first, rowBytes))), rowBytes, 8);
    f.repeat(count, 8, (unit) => {
      let v = pointers.map((pointer) => f.v128(v128.load(i32.add(pointer, i32.shl(unit, 1)))));
      // Three rounds of interleaving vector i with vector i + 4 put unit u of row r at place r of vector u.
      for (let round = 0; round < 3; round++) {
        v = [0, 1, 2, 3].flatMap((i) => [
          f.v128(i8x16.shuffleElements(2, v[i]!, v[i + 4]!, [0, 8, 1, 9, 2, 10, 3, 11])),
          f.v128(i8x16.shuffleElements(2, v[i]!, v[i + 4]!, [4, 12, 5, 13, 6, 14, 7, 15])),
        ]);
      }
      const out = f.i32(i32.add(weights, i32.add(i32.mul(unit, bytesPer4K / 2), i32.shl(first, 1))));
      for (const [u, value] of v.entries()) f.if(i32.lt_s(i32.add(unit, u), count), () => f.storeV128(out, value, (bytesPer4K / 2) * u));
    });
  });
}

/** Stores -128 times each row's sum as the correction of its column, and gives the largest sum of magnitudes (-128 counts 128). */
function emitRowSums(f: FunctionBuilder, panel: Local<"i32">, rows: Local<"i32">, rowBytes: Local<"i32">): Local<"i32"> {
  const row = f.i32(rows);
  const largest = f.i32(0);
  f.repeat(panelColumns, 1, (column) => {
    const sums = f.v128(i32x4.const(0));
    const magnitudes = f.v128(i32x4.const(0));
    f.repeat(rowBytes, 16, (at) => {
      const values = f.v128(v128.load(i32.add(row, at)));
      sums.set(i32x4.add(sums, i32x4.extadd_pairwise_i16x8_s(i16x8.extadd_pairwise_i8x16_s(values))));
      magnitudes.set(i32x4.add(magnitudes, i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(i8x16.abs(values)))));
    });
    const magnitude = emitLaneSum(f, magnitudes);
    f.if(i32.gt_s(magnitude, largest), () => largest.set(magnitude));
    f.storeI32(i32.add(panel, i32.shl(column, 2)), i32.mul(emitLaneSum(f, sums), -128), w8Panel.correction);
    row.add(rowBytes);
  });
  return largest;
}

function emitLaneSum(f: FunctionBuilder, vector: Local<"v128">): Local<"i32"> {
  const sum = f.i32(i32x4.extract_lane(vector, 0));
  for (let lane = 1; lane < 4; lane++) sum.add(i32x4.extract_lane(vector, lane));
  return sum;
}
