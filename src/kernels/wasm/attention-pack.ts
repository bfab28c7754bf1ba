/**
 * One head's keys and values as GEMM panels (gemm.ts: sixteen columns, the bias row of zeros first), and the division that ends attention.
 *
 *   packKeys(panels, k, S, D, stride)      panels ceil(S / 16) x [1 + D][16]: column s of a panel is a key, so q k^T is one GEMM
 *   packValues(panels, v, S, D, stride)    panels ceil(D / 16) x [1 + S][16]: zero columns from D on, so that any D (26) runs in full panels
 *   divideRows(out, x, sums, rows, cols, outStride, xStride)     out[r] = x[r] / sums[r]
 */
import { eachColumn } from "./columns.ts";
import type { ModuleBuilder } from "./emitter/module.ts";
import { f32, i32, select } from "./emitter/scalar.ts";
import { f32x4, v128 } from "./emitter/simd.ts";
import { panelColumns } from "./panels.ts";

const rowBytes = 4 * panelColumns;

export function defineAttentionPacking(module: ModuleBuilder): void {
  const params = { panels: "i32", x: "i32", S: "i32", D: "i32", stride: "i32" } as const;

  module.function("packKeys", params, (f, { panels, x: k, S, D, stride }) => {
    const strideBytes = f.i32(i32.shl(stride, 2));
    const panelBytes = f.i32(i32.mul(i32.add(D, 1), rowBytes));
    f.while(
      () => i32.gt_s(S, 0),
      () => {
        f.if(
          i32.lt_s(S, panelColumns),
          () => f.memoryFill(panels, 0, panelBytes),
          () => f.memoryFill(panels, 0, rowBytes),
        );
        const keys = f.i32(select(S, panelColumns, i32.lt_s(S, panelColumns)));
        const column = f.i32(i32.add(panels, rowBytes));
        f.repeat(keys, 1, () => {
          const target = f.i32(column);
          eachColumn(
            f,
            D,
            4,
            [k],
            (k) => {
              const four = f.v128(v128.load(k!));
              for (let lane = 0; lane < 4; lane++) f.storeLane32(target, four, lane, lane * rowBytes);
              target.set(i32.add(target, 4 * rowBytes));
            },
            (k) => {
              f.storeF32(target, f32.load(k!));
              target.set(i32.add(target, rowBytes));
            },
          );
          column.set(i32.add(column, 4));
          k.set(i32.add(k, strideBytes));
        });
        panels.set(i32.add(panels, panelBytes));
        S.set(i32.sub(S, panelColumns));
      },
    );
  });

  module.function("packValues", params, (f, { panels, x: v, S, D, stride }) => {
    const strideBytes = f.i32(i32.shl(stride, 2));
    f.while(
      () => i32.gt_s(D, 0),
      () => {
        f.memoryFill(panels, 0, rowBytes);
        panels.set(i32.add(panels, rowBytes));
        const source = f.i32(v);
        f.repeat(S, 1, () => {
          f.if(
            i32.ge_s(D, panelColumns),
            () => {
              for (let at = 0; at < rowBytes; at += 16) f.storeV128(panels, v128.load(source, at), at);
            },
            () => {
              for (let at = 0; at < rowBytes; at += 16) f.storeV128(panels, f32x4.const(0), at);
              f.repeat(D, 1, (c) => {
                const at = f.i32(i32.shl(c, 2));
                f.storeF32(i32.add(panels, at), f32.load(i32.add(source, at)));
              });
            },
          );
          panels.set(i32.add(panels, rowBytes));
          source.set(i32.add(source, strideBytes));
        });
        v.set(i32.add(v, rowBytes));
        D.set(i32.sub(D, panelColumns));
      },
    );
  });

  module.function(
    "divideRows",
    { out: "i32", x: "i32", sums: "i32", rows: "i32", cols: "i32", outStride: "i32", xStride: "i32" },
    (f, { out, x, sums, rows, cols, outStride, xStride }) => {
      f.repeat(rows, 1, (r) => {
        const sum = f.v128(v128.load32_splat(i32.add(sums, i32.shl(r, 2))));
        eachColumn(
          f,
          cols,
          8,
          [out, x],
          (out, x) => {
            for (const offset of [0, 16]) f.storeV128(out!, f32x4.div(v128.load(x!, offset), sum), offset);
          },
          (out, x) => f.storeLane32(out!, f32x4.div(v128.load32_splat(x!), sum), 0),
        );
        out.set(i32.add(out, i32.shl(outStride, 2)));
        x.set(i32.add(x, i32.shl(xStride, 2)));
      });
    },
  );
}
