/**
 * Panels: a matrix rearranged so that the tile reads it front to back.
 *
 *   panel p = columns 4p .. 4p + 3 of w [K, N], stored [K][4]; the last panel is filled up with zeros
 *
 * and the loop over the tiles of one panel. Panels run outside, rows inside: a panel (16 K bytes) stays in the first-level cache.
 */

import { floatsOf } from "../../tensor/host-mat.ts";
import type { Mat } from "../../tensor/mat.ts";
import { MR, NR, tile } from "./tile.ts";

/** Elements of all panels of a [K, N] matrix. */
export function panelSize(N: number, K: number): number {
  return Math.ceil(N / NR) * NR * K;
}

/** Packs w, whose element (k, n) is w[offset + k * strideK + n * strideN], into panels[at ...]. */
export function pack(
  panels: Float32Array | Int8Array,
  at: number,
  w: Float32Array | Int8Array,
  offset: number,
  strideN: number,
  strideK: number,
  N: number,
  K: number,
): void {
  for (let n = 0; n < N; n += NR) {
    const panel = at + n * K;
    for (let j = 0; j < NR; j++) {
      const column = offset + (n + j) * strideN;
      if (n + j < N) for (let k = 0; k < K; k++) panels[panel + k * NR + j] = w[column + k * strideK]!;
      else for (let k = 0; k < K; k++) panels[panel + k * NR + j] = 0;
    }
  }
}

/** Receives the sums of rows m .. m + rows - 1 with the columns of the panel at n: sums[i * 4 + j]. */
export type Store = (sums: Float64Array, rows: number, m: number, n: number) => void;

const sums = new Float64Array(MR * NR);

/** M rows of x against one panel, tile by tile. */
export function multiplyPanel(
  x: Float32Array,
  offset: number,
  stride: number,
  M: number,
  panels: Float32Array,
  at: number,
  K: number,
  n: number,
  store: Store,
): void {
  for (let m = 0; m < M; m += MR) {
    const rows = Math.min(MR, M - m);
    tile(sums, x, offset + m * stride, stride, rows, panels, at, K);
    store(sums, rows, m, n);
  }
}

/** out [M, N] = x [M, K] w, where element (k, n) of w is b's at k * strideK + n * strideN; `panels` is scratch [1, panelSize(N, K)]. */
export function multiplyMats(out: Mat, x: Mat, b: Mat, strideN: number, strideK: number, panels: Mat): void {
  const { rows: M, cols: N } = out;
  const K = x.cols;
  const y = floatsOf(out);
  const packed = floatsOf(panels);
  pack(packed, panels.offset, floatsOf(b), b.offset, strideN, strideK, N, K);
  const store: Store = (sums, rows, m, n) => {
    const columns = Math.min(NR, N - n);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) y[out.offset + (m + i) * out.stride + n + j] = sums[i * NR + j]!;
    }
  };
  for (let n = 0; n < N; n += NR) multiplyPanel(floatsOf(x), x.offset, x.stride, M, packed, panels.offset + n * K, K, n, store);
}
