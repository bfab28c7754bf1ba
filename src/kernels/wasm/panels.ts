/**
 * The loops around the tiles, shared by the f32 and the W8A16 GEMM: blocks of rows whose x stays in L2, inside them panels (each stays in L1), inside them tiles of rows.
 * M rows make ceil(M / MR) tiles, as even as they go: 8 rows with MR = 6 run as 4 + 4, which is faster than 6 + 2.
 * A last panel of fewer than 16 columns has tiles of its own that store only those.
 */
import type { Callable, Local } from "./emitter/call.ts";
import type { I32 } from "./emitter/expression.ts";
import type { FunctionBuilder } from "./emitter/function.ts";
import * as i32 from "./emitter/i32.ts";
import type { ModuleBuilder } from "./emitter/module.ts";

/** Columns in a panel. */
export const panelColumns = 16;

/** Parameters of every tile function: (out, x, rowScale, panel, K, outStride, xStride, columns), strides in bytes; rowScale (W8A16 only) is 4 bytes a row; `columns` of the panel exist. */
export const tileParams = { i32: 8 } as const;

/** Addresses of `rows` rows from `start` on; stride in bytes. */
export function addressRows(f: FunctionBuilder, start: Local<"i32">, stride: Local<"i32">, rows: number): Local<"i32">[] {
  const addresses: Local<"i32">[] = [];
  for (let r = 0; r < rows; r++) addresses.push(f.i32(r === 0 ? start : i32.add(addresses[r - 1]!, stride)));
  return addresses;
}

/** store_columns(out, columns, value): the first `columns` of four columns; none below 1, all from 4 on. */
export function defineStoreColumns(module: ModuleBuilder, name: string): Callable {
  return module.internal(name, { i32: 2, v128: 1 }, (f, out, columns, value) => {
    f.if(
      i32.ge_s(columns, 4),
      () => f.storeV128(out, value),
      () => {
        for (let lane = 0; lane < 3; lane++) f.if(i32.gt_s(columns, lane), () => f.storeLane32(out, value, lane, 4 * lane));
      },
    );
  });
}

export interface PanelLoop {
  /** The exported function; `${name}Panels` is the same over some of the panels. */
  readonly name: string;
  /** Of a full panel: for MR, MR - 1, ... 1 rows. */
  readonly tiles: readonly Callable[];
  readonly partialTiles: readonly Callable[];
  /** From `rows` rows on, rewrite(scratch, panel, K) makes of each full panel another form, which has tiles of its own: for MR and MR - 1 rows, which suffice for MR (MR - 1) rows or more. Only where the caller gives scratch. */
  readonly rewritten?: { readonly rows: number; readonly rewrite: Callable; readonly tiles: readonly Callable[] } | undefined;
  readonly xElementBytes: 2 | 4;
  /** Bytes of one panel. */
  readonly panelSize: (K: Local<"i32">) => I32;
  /** Products of at least so many rows with panels of at least so many bytes together read them ahead; fewer rows are as fast as memory, smaller panels in cache. */
  readonly touch: { readonly rows: number; readonly bytes: number };
}

/** All rows of one panel, by tiles for MR, MR - 1, ... rows. */
function defineRows(module: ModuleBuilder, MR: number, tiles: readonly Callable[], name: string): Callable {
  return module.internal(name, { i32: 9 }, (f, out, x, rowScale, panel, K, outStride, xStride, columns, M) => {
    const tileCount = f.i32(i32.div_u(i32.add(M, MR - 1), MR));
    f.while(
      () => i32.gt_s(tileCount, 0),
      () => {
        const rows = f.i32(i32.div_u(i32.sub(i32.add(M, tileCount), 1), tileCount));
        f.block((done) => {
          for (const [i, tile] of tiles.entries()) {
            f.if(i32.eq(rows, MR - i), () => {
              f.call(tile, out, x, rowScale, panel, K, outStride, xStride, columns);
              f.br(done);
            });
          }
        });
        out.add(i32.mul(rows, outStride));
        x.add(i32.mul(rows, xStride));
        rowScale.add(i32.shl(rows, 2));
        M.set(i32.sub(M, rows));
        tileCount.set(i32.sub(tileCount, 1));
      },
    );
  });
}

const LINE_BYTES = 64;

/** Places at which panels are read at once: in as many pages, whose address translations and first misses so overlap. */
const STREAMS = 16;

/**
 * Reads a word of every cache line of `bytes` bytes. A tile's own loads have too much arithmetic between them for many misses to be under way at once, and wait
 * at each page anew; bare loads in many pages fetch 37 GB/s from memory where one stream fetches 23 (Zen 4, pages of 4 KiB).
 * MiniLM's f32 layers (42 MB) run 1.3 times as fast at 8 rows, 1.2 at 16, 1.04 at 64. The few lines that the division leaves are read by the tiles.
 */
function emitTouch(f: FunctionBuilder, from: Local<"i32">, bytes: Local<"i32">): void {
  const part = f.i32(i32.and(i32.div_u(bytes, STREAMS), -LINE_BYTES));
  const first = f.i32(from);
  const end = f.i32(i32.add(from, part));
  f.while(
    () => i32.lt_u(first, end),
    () => {
      const line = f.i32(first);
      for (let i = 0; i < STREAMS; i++) {
        f.drop(i32.load(line));
        line.add(part);
      }
      first.add(LINE_BYTES);
    },
  );
}

/** Bytes of x that stay in L2 while all panels pass by: most of the 1 MB that a core has at least. */
const BLOCK_BYTES = 768 * 1024;
const SMALLEST_BLOCK = 24;

/** Exports name(out, x, rowScale, panels, M, N, K, outStride, xStride) and namePanels(..., firstPanel, endPanel, scratch): strides in elements; scratch 0: none. */
export function definePanelLoop(module: ModuleBuilder, loop: PanelLoop): void {
  const { name, tiles, partialTiles, rewritten, xElementBytes, panelSize, touch } = loop;
  const fullRows = defineRows(module, tiles.length, tiles, `${name} rows`);
  const rewrittenRows = rewritten && defineRows(module, tiles.length, rewritten.tiles, `${name} rows of a rewritten panel`);
  const partialRows = defineRows(module, partialTiles.length, partialTiles, `${name} rows of a partial panel`);

  /** Rows that fit L2 together, over a range of panels; strides in bytes. */
  const block = module.internal(
    `${name} block`,
    { i32: 12 },
    (f, out, x, rowScale, panels, M, N, K, outStride, xStride, firstPanel, endPanel, scratch) => {
      const full = (rows: Callable, from: Local<"i32">) => f.call(rows, at, x, rowScale, from, K, outStride, xStride, panelColumns, M);
      const size = f.i32(panelSize(K));
      const panel = f.i32(i32.add(panels, i32.mul(firstPanel, size)));
      const column = f.i32(i32.mul(firstPanel, panelColumns));
      const at = f.i32(i32.add(out, i32.shl(column, 2)));
      // Panels are read ahead in groups that fit L2 beside x.
      const room = f.i32(i32.div_s(i32.shr_s(i32.sub(BLOCK_BYTES, i32.mul(M, xStride)), 1), size));
      const group = f.i32(i32.mul(i32.max_s(room, 1), size));
      const touched = f.i32(
        i32.select(panel, -1, i32.and(i32.ge_s(M, touch.rows), i32.ge_s(i32.mul(i32.sub(endPanel, firstPanel), size), touch.bytes))),
      );
      f.while(
        () => i32.lt_s(firstPanel, endPanel),
        () => {
          f.if(i32.ge_u(panel, touched), () => {
            const left = f.i32(i32.mul(i32.sub(endPanel, firstPanel), size));
            const bytes = f.i32(i32.min_s(left, group));
            emitTouch(f, panel, bytes);
            touched.set(i32.add(panel, bytes));
          });
          const columns = f.i32(i32.sub(N, column));
          f.if(
            i32.ge_s(columns, panelColumns),
            () => {
              if (!rewritten || !rewrittenRows) return full(fullRows, panel);
              f.if(
                i32.and(i32.ne(scratch, 0), i32.ge_s(M, rewritten.rows)),
                () => {
                  f.call(rewritten.rewrite, scratch, panel, K);
                  full(rewrittenRows, scratch);
                },
                () => full(fullRows, panel),
              );
            },
            () => f.call(partialRows, at, x, rowScale, panel, K, outStride, xStride, columns, M),
          );
          panel.add(size);
          column.add(panelColumns);
          at.add(4 * panelColumns);
          firstPanel.add(1);
        },
      );
    },
  );

  const range = module.function(
    `${name}Panels`,
    { i32: 12 },
    (f, out, x, rowScale, panels, M, N, K, outStride, xStride, firstPanel, endPanel, scratch) => {
      const outBytes = f.i32(i32.shl(outStride, 2));
      const xBytes = f.i32(i32.mul(xStride, xElementBytes));
      const most = f.i32(i32.div_u(BLOCK_BYTES, i32.add(i32.mul(K, xElementBytes), 1)));
      f.if(i32.lt_s(most, SMALLEST_BLOCK), () => most.set(i32.const(SMALLEST_BLOCK)));
      const blocks = f.i32(i32.div_u(i32.sub(i32.add(M, most), 1), most));
      f.while(
        () => i32.gt_s(blocks, 0),
        () => {
          const rows = f.i32(i32.div_u(i32.sub(i32.add(M, blocks), 1), blocks));
          f.call(block, out, x, rowScale, panels, rows, N, K, outBytes, xBytes, firstPanel, endPanel, scratch);
          out.add(i32.mul(rows, outBytes));
          x.add(i32.mul(rows, xBytes));
          rowScale.add(i32.shl(rows, 2));
          M.set(i32.sub(M, rows));
          blocks.set(i32.sub(blocks, 1));
        },
      );
    },
  );
  module.function(name, { i32: 9 }, (f, out, x, rowScale, panels, M, N, K, outStride, xStride) => {
    f.call(range, out, x, rowScale, panels, M, N, K, outStride, xStride, 0, i32.shr_u(i32.add(N, panelColumns - 1), 4), 0);
  });
}
