/**
 * One head's keys and values as GEMM panels (gemm.ts: sixteen columns, the bias row of zeros first), and the division that ends attention.
 *
 *   packKeys(panels, k, S, D, stride)      panels ceil(S / 16) x [1 + D][16]: column s of a panel is a key, so q k^T is one GEMM
 *   packValues(panels, v, S, D, stride)    panels ceil(D / 16) x [1 + S][16]: zero columns from D on, so that any D (26) runs in full panels
 *   divideRows(out, x, sums, rows, cols, outStride, xStride)     out[r] = x[r] / sums[r]
 */
import { eachColumn, mapColumns } from "./columns.ts";
import type { Local } from "./emitter/call.ts";
import * as f32 from "./emitter/f32.ts";
import * as f32x4 from "./emitter/f32x4.ts";
import type { FunctionBuilder } from "./emitter/function.ts";
import * as i32 from "./emitter/i32.ts";
import type { ModuleBuilder } from "./emitter/module.ts";
import * as v128 from "./emitter/v128.ts";
import { emitTranspose4 } from "./pack-kernels.ts";
import { addressRows, panelColumns } from "./panels.ts";

const rowBytes = 4 * panelColumns;

/** The bias row of a panel. (memory.fill is a call out of the kernels.) */
function zeroRow(f: FunctionBuilder, panel: Local<"i32">): void {
  for (let at = 0; at < rowBytes; at += 16) f.storeV128(panel, f32x4.const(0), at);
}

export function defineAttentionPacking(module: ModuleBuilder): void {
  module.function("packKeys", { i32: 5 }, (f, panels, k, S, D, stride) => {
    const strideBytes = f.i32(i32.shl(stride, 2));
    const panelBytes = f.i32(i32.mul(i32.add(D, 1), rowBytes));
    f.while(
      () => i32.gt_s(S, 0),
      () => {
        f.if(
          i32.lt_s(S, panelColumns),
          () => f.memoryFill(panels, 0, panelBytes),
          () => zeroRow(f, panels),
        );
        const keys = f.i32(i32.min_s(S, panelColumns));
        const column = f.i32(i32.add(panels, rowBytes));
        const pack = (count: 4 | 1) =>
          f.while(
            () => i32.ge_s(keys, count),
            () => {
              const target = f.i32(column);
              eachColumn(
                f,
                D,
                4,
                addressRows(f, k, strideBytes, count),
                (...at) => {
                  const fours = at.map((key) => f.v128(v128.load(key)));
                  if (count === 1) for (let lane = 0; lane < 4; lane++) f.storeLane32(target, fours[0]!, lane, lane * rowBytes);
                  else for (const [i, keys] of emitTranspose4(f, fours).entries()) f.storeV128(target, keys, i * rowBytes);
                  target.add(4 * rowBytes);
                },
                (...at) => {
                  for (const [i, key] of at.entries()) f.storeF32(target, f32.load(key), 4 * i);
                  target.add(rowBytes);
                },
              );
              column.add(4 * count);
              k.add(count === 1 ? strideBytes : i32.shl(strideBytes, 2));
              keys.set(i32.sub(keys, count));
            },
          );
        pack(4);
        pack(1);
        panels.add(panelBytes);
        S.set(i32.sub(S, panelColumns));
      },
    );
  });

  module.function("packValues", { i32: 5 }, (f, panels, v, S, D, stride) => {
    const strideBytes = f.i32(i32.shl(stride, 2));
    f.while(
      () => i32.gt_s(D, 0),
      () => {
        zeroRow(f, panels);
        panels.add(rowBytes);
        const source = f.i32(v);
        f.repeat(S, 1, () => {
          f.if(
            i32.ge_s(D, panelColumns),
            () => {
              for (let at = 0; at < rowBytes; at += 16) f.storeV128(panels, v128.load(source, at), at);
            },
            () => {
              zeroRow(f, panels);
              f.repeat(D, 1, (c) => {
                const at = f.i32(i32.shl(c, 2));
                f.storeF32(i32.add(panels, at), f32.load(i32.add(source, at)));
              });
            },
          );
          panels.add(rowBytes);
          source.add(strideBytes);
        });
        v.add(rowBytes);
        D.set(i32.sub(D, panelColumns));
      },
    );
  });

  module.function("divideRows", { i32: 7 }, (f, out, x, sums, rows, cols, outStride, xStride) => {
    f.repeat(rows, 1, (r) => {
      const sum = f.v128(v128.load32_splat(i32.add(sums, i32.shl(r, 2))));
      mapColumns(f, cols, 8, [out, x], (load, x) => f32x4.div(load(x!), sum));
      out.add(i32.shl(outStride, 2));
      x.add(i32.shl(xStride, 2));
    });
  });
}
