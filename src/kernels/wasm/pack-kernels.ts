/**
 * Packing kernels: the rows of a weight become the panels of a GEMM.
 *
 *     packF32, packF16, packBF16     panel: the bias f32[16], then f32[K][16] = rows^T, decoded to f32
 *
 * Arguments: (panels, rows, N, K, staging): `rows` has N rows of K values without gaps, `staging` room for sixteen rows of whole vectors and then the bias
 * of each panel's columns. Sixteen rows at a time are copied to staging, zeros after them, before their panel is written: `rows` may end where the panels end
 * (room.ts). Four rows at a time are transposed in registers. The panels of W8A16: pack-w8.ts.
 */
import { type Callable, call, type Local } from "./emitter/call.ts";
import type { I32, V128 } from "./emitter/expression.ts";
import * as f32x4 from "./emitter/f32x4.ts";
import type { FunctionBuilder } from "./emitter/function.ts";
import * as i8x16 from "./emitter/i8x16.ts";
import * as i32 from "./emitter/i32.ts";
import * as i32x4 from "./emitter/i32x4.ts";
import type { ModuleBuilder } from "./emitter/module.ts";
import * as v128 from "./emitter/v128.ts";
import { panelSize } from "./gemm.ts";
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
];

/** The 4 x 4 transpose of four vectors. */
export function emitTranspose4(f: FunctionBuilder, rows: readonly V128[]): Local<"v128">[] {
  const [a, b, c, d] = rows.map((row) => f.v128(row)) as [Local<"v128">, Local<"v128">, Local<"v128">, Local<"v128">];
  const ab = f.v128(i8x16.shuffleElements(4, a, b, [0, 4, 1, 5]));
  const cd = f.v128(i8x16.shuffleElements(4, c, d, [0, 4, 1, 5]));
  const abHigh = f.v128(i8x16.shuffleElements(4, a, b, [2, 6, 3, 7]));
  const cdHigh = f.v128(i8x16.shuffleElements(4, c, d, [2, 6, 3, 7]));
  return [
    f.v128(i8x16.shuffleElements(4, ab, cd, [0, 1, 4, 5])),
    f.v128(i8x16.shuffleElements(4, ab, cd, [2, 3, 6, 7])),
    f.v128(i8x16.shuffleElements(4, abHigh, cdHigh, [0, 1, 4, 5])),
    f.v128(i8x16.shuffleElements(4, abHigh, cdHigh, [2, 3, 6, 7])),
  ];
}

/** What differs between kinds of panels. */
interface PanelKind {
  readonly name: string;
  /** Bytes of a value in a row. */
  readonly bytes: number;
  /** Bytes of a panel. */
  readonly panelSize: (K: Local<"i32">) => I32;
  /** (panel, staged rows, bytes from one to the next, K), and what it gives. */
  readonly packPanel: Callable;
  /** Copies what belongs to the columns of a panel to it. */
  readonly copyHead: (f: FunctionBuilder, panel: Local<"i32">, columns: Local<"i32">, N: Local<"i32">) => void;
}

/** Bytes from one staged row to the next: whole vectors. */
export function stagedRowBytes(K: number, bytes: number): number {
  return (K * bytes + 15) & -16;
}

/** Exports the kernel: panel by panel. Where panels give something, it gives the largest. */
export function definePacking(module: ModuleBuilder, { name, bytes, panelSize, packPanel, copyHead }: PanelKind): void {
  type Parameter = Local<"i32">;
  const pack = (f: FunctionBuilder, panel: Parameter, rows: Parameter, N: Parameter, K: Parameter, staged: Parameter) => {
    const used = f.i32(i32.mul(K, bytes));
    const rowBytes = f.i32(i32.and(i32.add(used, 15), -16));
    const stagedBytes = f.i32(i32.mul(rowBytes, panelColumns));
    const columns = f.i32(i32.add(staged, stagedBytes));
    const left = f.i32(N);
    const largest = f.i32(1);
    f.memoryFill(staged, 0, stagedBytes);
    f.while(
      () => i32.gt_s(left, 0),
      () => {
        const count = f.i32(i32.min_s(left, panelColumns));
        f.if(i32.lt_s(left, panelColumns), () => f.memoryFill(staged, 0, stagedBytes));
        f.if(
          i32.eq(used, rowBytes),
          () => f.memoryCopy(staged, rows, i32.mul(count, used)),
          () => f.repeat(count, 1, (r) => f.memoryCopy(i32.add(staged, i32.mul(r, rowBytes)), i32.add(rows, i32.mul(r, used)), used)),
        );
        if (packPanel.result === undefined) f.call(packPanel, panel, staged, rowBytes, K);
        else {
          const given = f.i32(call("i32", packPanel, panel, staged, rowBytes, K));
          f.if(i32.gt_s(given, largest), () => largest.set(given));
        }
        copyHead(f, panel, columns, N);
        columns.add(4 * panelColumns);
        rows.add(i32.mul(count, used));
        panel.add(panelSize(K));
        left.set(i32.sub(left, panelColumns));
      },
    );
    f.return(largest);
  };
  module.function(name, { i32: 5 }, pack, "i32");
}

function definePackFloat(module: ModuleBuilder, { name, bytes, load }: Decoder): void {
  const packPanel = module.internal(`${name} panel`, { i32: 4 }, (f, panel, rows, rowBytes, K) => {
    f.repeat(panelColumns, 4, (first) => {
      const r0 = f.i32(i32.add(rows, i32.mul(first, rowBytes)));
      const r1 = f.i32(i32.add(r0, rowBytes));
      const r2 = f.i32(i32.add(r1, rowBytes));
      const r3 = f.i32(i32.add(r2, rowBytes));
      f.repeat(K, 4, (k) => {
        const at = f.i32(i32.mul(k, bytes));
        const columns = emitTranspose4(
          f,
          [r0, r1, r2, r3].map((row) => load(f, f.i32(i32.add(row, at)))),
        );
        const out = f.i32(i32.add(panel, i32.add(i32.mul(k, 4 * panelColumns), i32.shl(first, 2))));
        for (const [i, column] of columns.entries()) {
          const store = () => f.storeV128(out, column, 4 * panelColumns * (i + 1));
          if (i === 0) store();
          else f.if(i32.lt_s(i32.add(k, i), K), store);
        }
      });
    });
  });
  definePacking(module, {
    name,
    bytes,
    panelSize,
    packPanel,
    copyHead: (f, panel, columns) => f.memoryCopy(panel, columns, 4 * panelColumns),
  });
}

export function definePackKernels(module: ModuleBuilder): void {
  for (const decoder of decoders) definePackFloat(module, decoder);
}
