/**
 * The two inner loops of W8A16: exact int32 sums of q[k] * w[k], from int16 activations and int8 weights.
 *
 *     dot16    i32x4.dot_i16x8_s on two neighbouring k, weights widened to int16 in the loop; panel int8[K / 2][16][2], rows int16[K]
 *     dot8     i32x4.relaxed_dot_i8x16_i7x16_add_s on four neighbouring k; panel int8[K / 4][16][4], rows uint8[qStride] twice: high digits, then low digits
 *
 * dot8 splits q + 32768 into two digits of 8 bits (quantize-rows.ts) and computes by Horner: sum q w = 256 (sum high w - 128 sum w) + sum low w, all modulo 2^32, which is
 * exact because the true sum fits. The instruction promises its result only for second operands below 128; a feature level has `dot8` where a probe showed that it
 * multiplies exactly by all bytes. Unsigned: x64 with AVX-VNNI (vpdpbusd). Signed: ARM's sdot, AVX-VNNI-INT8; there both digits are stored less 128, and
 * sum q w = 256 sum (high - 128) w + sum (low - 128) w + 128 sum w. K is padded to a multiple of 4 with zero weights, so what a row holds there does not matter.
 */
import type { Callable, Local } from "./emitter/call.ts";
import type { V128 } from "./emitter/expression.ts";
import type { FunctionBuilder } from "./emitter/function.ts";
import * as i32 from "./emitter/i32.ts";
import * as i32x4 from "./emitter/i32x4.ts";
import type { ModuleBuilder } from "./emitter/module.ts";
import * as v128 from "./emitter/v128.ts";
import { emitTileLoop } from "./gemm-tile.ts";
import type { Dot8 } from "./level.ts";
import { addressRows, panelColumns } from "./panels.ts";

/** Bytes of four k of a panel, in either layout. */
export const bytesPer4K = 4 * panelColumns;

export interface W8Operands {
  /** First row, bytes from one to the next, and their number. */
  readonly x: Local<"i32">;
  readonly xStride: Local<"i32">;
  readonly rows: number;
  /** First weight of the panel's columns from `first` on; `NR` of them. */
  readonly weights: Local<"i32">;
  readonly NR: number;
  readonly first: number;
  readonly K: Local<"i32">;
  /** -128 times the sum of each column's weights: int32[16]. Read by dot8. */
  readonly corrections: Local<"i32">;
}

type Sums = Local<"v128">[][];

function weightBytes(K: Local<"i32">) {
  return i32.shl(i32.shr_u(i32.add(K, 3), 2), Math.log2(bytesPer4K));
}

/**
 * dot16 on a panel as packed, or (`isWidened`) rewritten by defineWiden. Two turns in one: the exit between them is never taken,
 * but without it V8 of Node 20 and 22 loads for both turns first and runs out of registers (67 GOPS for 80).
 */
export function emitDot16(f: FunctionBuilder, { x, xStride, rows, weights, NR, first, K }: W8Operands, isWidened = false): Sums {
  const weightSize = isWidened ? 2 : 1;
  const turnBytes = (weightSize * bytesPer4K) / 2;
  const load = isWidened ? v128.load : v128.load8x8_s;
  const xRows = addressRows(f, x, xStride, rows);
  const sums = xRows.map(() => Array.from({ length: NR / 4 }, () => f.v128(i32x4.const(0))));
  const panel = f.i32(i32.add(weights, 2 * weightSize * first));
  const end = f.i32(i32.add(panel, i32.mul(weightBytes(K), weightSize)));
  const turn = (t: number) => {
    const pairs = sums[0]!.map((_, c) => f.v128(load(panel, turnBytes * t + 8 * weightSize * c)));
    for (const [r, row] of sums.entries()) {
      const xrk = f.v128(v128.load32_splat(xRows[r]!, 4 * t));
      for (const [c, sum] of row.entries()) sum.set(i32x4.add(sum, i32x4.dot_i16x8_s(xrk, pairs[c]!)));
    }
  };
  f.block((done) => {
    f.while(
      () => i32.lt_u(panel, end),
      () => {
        turn(0);
        f.brIf(done, i32.ge_u(panel, end));
        turn(1);
        panel.add(2 * turnBytes);
        for (const pointer of xRows) pointer.add(8);
      },
    );
  });
  return sums;
}

/** widen_weights(out, weights, K): the weights of a dot16 panel as int16, for products whose rows are many enough to share that work. */
export function defineWiden(module: ModuleBuilder): Callable {
  return module.internal("widen_weights", { i32: 3 }, (f, out, weights, K) => {
    f.repeat(weightBytes(K), bytesPer4K, () => {
      for (let at = 0; at < bytesPer4K; at += 8) f.storeV128(out, v128.load8x8_s(weights, at), 2 * at);
      out.add(2 * bytesPer4K);
      weights.add(bytesPer4K);
    });
  });
}

type DotAdd = (weights: V128, digits: V128, sum: V128) => V128;

/** `dot`: another instruction for the same thing, so that the arithmetic of either kind can be tested on any machine. */
export function emitDot8(f: FunctionBuilder, kind: Dot8, operands: W8Operands, dot: DotAdd = i32x4.relaxed_dot_i8x16_i7x16_add_s): Sums {
  const { x, xStride, rows, weights, NR, first, K, corrections } = operands;
  const correction = (c: number) => v128.load(corrections, 4 * first + 16 * c);
  const sums = Array.from({ length: rows }, () =>
    Array.from({ length: NR / 4 }, (_, c) => f.v128(kind === "unsigned" ? correction(c) : i32x4.const(0))),
  );
  const panel = f.i32();
  const end = f.i32();
  const digits = (start: Local<"i32">) => {
    const xRows = addressRows(f, start, xStride, rows);
    panel.set(i32.add(weights, 4 * first));
    end.set(i32.add(panel, weightBytes(K)));
    emitTileLoop(f, { x: xRows, panel, panelStep: bytesPer4K, end, sums }, (fours, weights, sum) => dot(weights, fours, sum));
  };
  digits(x);
  for (const row of sums) {
    for (const [c, sum] of row.entries()) sum.set(kind === "unsigned" ? i32x4.shl(sum, 8) : i32x4.sub(i32x4.shl(sum, 8), correction(c)));
  }
  digits(f.i32(i32.add(x, i32.shr_u(xStride, 1))));
  return sums;
}
