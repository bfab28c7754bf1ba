/**
 * Packing kernels: sixteen staged rows of a weight become one panel of a GEMM.
 *
 *     packF32, packF16, packBF16, packI8     panel f32[K][16] = rows^T, decoded to f32 (int8 times its row's scale)
 *
 * Rows lie `rowBytes` apart, a multiple of 16. Arguments: (panel, rows, rowBytes, K, address of sixteen f32 scales: read by packI8 only).
 * Four rows at a time are transposed in registers. The panels of W8A16: pack-w8.ts.
 */
import type { Local } from "./emitter/call.ts";
import type { I32, V128 } from "./emitter/expression.ts";
import * as f32x4 from "./emitter/f32x4.ts";
import type { FunctionBuilder } from "./emitter/function.ts";
import * as i8x16 from "./emitter/i8x16.ts";
import * as i16x8 from "./emitter/i16x8.ts";
import * as i32 from "./emitter/i32.ts";
import * as i32x4 from "./emitter/i32x4.ts";
import type { ModuleBuilder } from "./emitter/module.ts";
import * as v128 from "./emitter/v128.ts";
import { panelColumns } from "./panels.ts";

/** Four neighbouring values as f32. */
interface Decoder {
  readonly name: string;
  readonly bytes: number;
  readonly load: (f: FunctionBuilder, address: I32) => V128;
}

/** binary16 to binary32: shift the exponent field into place, then multiply by 2^(127 - 15), which is exact for subnormals too; infinity and NaN get the top exponent. */
export function emitDecodeF16(f: FunctionBuilder, words: V128): V128 {
  const h = f.v128(words);
  const magnitude = f.v128(i32x4.shl(v128.and(h, i32x4.const(0x7fff)), 13));
  const special = v128.and(i32x4.gt_s(magnitude, i32x4.const(0x0f7fffff)), i32x4.const(0x7f800000));
  const sign = i32x4.shl(v128.and(h, i32x4.const(0x8000)), 16);
  return v128.or(v128.or(f32x4.mul(magnitude, f32x4.const(2 ** 112)), special), sign);
}

const decoders: readonly Decoder[] = [
  { name: "packF32", bytes: 4, load: (_, address) => v128.load(address) },
  { name: "packF16", bytes: 2, load: (f, address) => emitDecodeF16(f, v128.load16x4_u(address)) },
  { name: "packBF16", bytes: 2, load: (_, address) => i32x4.shl(v128.load16x4_u(address), 16) },
  {
    name: "packI8",
    bytes: 1,
    load: (_, address) => f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load32_zero(address)))),
  },
];

/** Bytes of the 32-bit lanes `lanes` (0..7) of two vectors. */
const words = (...lanes: number[]) => lanes.flatMap((lane) => [4 * lane, 4 * lane + 1, 4 * lane + 2, 4 * lane + 3]);

/** The 4 x 4 transpose of four vectors. */
export function emitTranspose4(f: FunctionBuilder, rows: readonly V128[]): Local<"v128">[] {
  const [a, b, c, d] = rows.map((row) => f.v128(row)) as [Local<"v128">, Local<"v128">, Local<"v128">, Local<"v128">];
  const ab = f.v128(i8x16.shuffle(a, b, words(0, 4, 1, 5)));
  const cd = f.v128(i8x16.shuffle(c, d, words(0, 4, 1, 5)));
  const abHigh = f.v128(i8x16.shuffle(a, b, words(2, 6, 3, 7)));
  const cdHigh = f.v128(i8x16.shuffle(c, d, words(2, 6, 3, 7)));
  return [
    f.v128(i8x16.shuffle(ab, cd, words(0, 1, 4, 5))),
    f.v128(i8x16.shuffle(ab, cd, words(2, 3, 6, 7))),
    f.v128(i8x16.shuffle(abHigh, cdHigh, words(0, 1, 4, 5))),
    f.v128(i8x16.shuffle(abHigh, cdHigh, words(2, 3, 6, 7))),
  ];
}

function definePackFloat(module: ModuleBuilder, { name, bytes, load }: Decoder): void {
  module.function(name, { i32: 5 }, (f, panel, rows, rowBytes, K, scales) => {
    f.repeat(panelColumns, 4, (first) => {
      const r0 = f.i32(i32.add(rows, i32.mul(first, rowBytes)));
      const r1 = f.i32(i32.add(r0, rowBytes));
      const r2 = f.i32(i32.add(r1, rowBytes));
      const r3 = f.i32(i32.add(r2, rowBytes));
      const scale = f.v128(name === "packI8" ? v128.load(i32.add(scales, i32.shl(first, 2))) : f32x4.const(1));
      f.repeat(K, 4, (k) => {
        const at = f.i32(bytes === 1 ? k : i32.mul(k, bytes));
        const columns = emitTranspose4(
          f,
          [r0, r1, r2, r3].map((row) => load(f, f.i32(i32.add(row, at)))),
        );
        const out = f.i32(i32.add(panel, i32.add(i32.mul(k, 4 * panelColumns), i32.shl(first, 2))));
        for (const [i, column] of columns.entries()) {
          const store = () => f.storeV128(out, name === "packI8" ? f32x4.mul(column, scale) : column, 4 * panelColumns * i);
          if (i === 0) store();
          else f.if(i32.lt_s(i32.add(k, i), K), store);
        }
      });
    });
  });
}

export function definePackKernels(module: ModuleBuilder): void {
  for (const decoder of decoders) definePackFloat(module, decoder);
}
