/**
 * The register tile: three rows of x against a panel of four columns, twelve sums held in registers while k runs.
 *
 *   sums[i][j] = Σ_k x[i][k] w[k][j]                  i < 3, j < 4, k upwards
 *
 * Operands are f32, sums float64: a product of two f32 is exact there, and every sum has one fixed order, whatever tile it falls into.
 * 3 x 4 is the largest tile whose sums and operands fit the 15 vector registers that V8 hands out; 4 x 4 spills and is slower in Node 20,
 * 2 x 4 waits for additions. Float64 is not a luxury: JavaScript multiplies in float64 anyway, and rounding each step to f32 costs more.
 */

/** Rows of a tile. */
export const MR = 3;
/** Columns of a panel. */
export const NR = 4;

/** Three rows of x starting at row0, row1, row2; the panel [K][4] starts at `at`. Writes sums[0 .. 12), row by row. */
function tile3(
  sums: Float64Array,
  x: Float32Array,
  row0: number,
  row1: number,
  row2: number,
  panels: Float32Array,
  at: number,
  K: number,
): void {
  let [c00, c01, c02, c03] = [0, 0, 0, 0];
  let [c10, c11, c12, c13] = [0, 0, 0, 0];
  let [c20, c21, c22, c23] = [0, 0, 0, 0];
  let w = at;
  for (let k = 0; k < K; k++) {
    const x0 = x[row0 + k]!;
    const x1 = x[row1 + k]!;
    const x2 = x[row2 + k]!;
    const w0 = panels[w]!;
    const w1 = panels[w + 1]!;
    const w2 = panels[w + 2]!;
    const w3 = panels[w + 3]!;
    c00 += x0 * w0;
    c10 += x1 * w0;
    c20 += x2 * w0;
    c01 += x0 * w1;
    c11 += x1 * w1;
    c21 += x2 * w1;
    c02 += x0 * w2;
    c12 += x1 * w2;
    c22 += x2 * w2;
    c03 += x0 * w3;
    c13 += x1 * w3;
    c23 += x2 * w3;
    w += 4;
  }
  sums[0] = c00;
  sums[1] = c01;
  sums[2] = c02;
  sums[3] = c03;
  sums[4] = c10;
  sums[5] = c11;
  sums[6] = c12;
  sums[7] = c13;
  sums[8] = c20;
  sums[9] = c21;
  sums[10] = c22;
  sums[11] = c23;
}

/** The last one or two rows, one at a time. Writes sums[to .. to + 4). */
function tile1(sums: Float64Array, to: number, x: Float32Array, row0: number, panels: Float32Array, at: number, K: number): void {
  let [c0, c1, c2, c3] = [0, 0, 0, 0];
  let w = at;
  for (let k = 0; k < K; k++) {
    const x0 = x[row0 + k]!;
    c0 += x0 * panels[w]!;
    c1 += x0 * panels[w + 1]!;
    c2 += x0 * panels[w + 2]!;
    c3 += x0 * panels[w + 3]!;
    w += 4;
  }
  sums[to] = c0;
  sums[to + 1] = c1;
  sums[to + 2] = c2;
  sums[to + 3] = c3;
}

/** `rows` rows of x, `stride` apart and starting at `row`: three as one tile, fewer one by one. Writes sums[0 .. 4 rows). */
export function tile(
  sums: Float64Array,
  x: Float32Array,
  row: number,
  stride: number,
  rows: number,
  panels: Float32Array,
  at: number,
  K: number,
): void {
  if (rows === MR) tile3(sums, x, row, row + stride, row + 2 * stride, panels, at, K);
  else for (let i = 0; i < rows; i++) tile1(sums, i * NR, x, row + i * stride, panels, at, K);
}
