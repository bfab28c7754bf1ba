/**
 * Packing a linear layer at load: rows of the file's bytes -> a staging area in wasm memory, sixteen at a time -> panels (pack-kernels.ts).
 *
 * Several matrices act as one with their rows stacked (fused Q, K, V); a panel may span two of them. All parts int8: a W8A16 layer with one activation limit.
 * Any float part: everything as f32, int8 parts multiplied out. No f32 copy of a weight exists beside its panels.
 * The caller gives the addresses (memory grows only between passes, so both areas are reserved before packing).
 */
import { activationLimitFor } from "../../tensor/w8.ts";
import { BYTES_PER_VALUE, decodeRow } from "../../tensor/weight-rows.ts";
import type { Linear, WeightDType, WeightMatrix } from "../../tensor/weights.ts";
import { panelBytes } from "./gemm.ts";
import { panelBytesW8, w8Panel } from "./gemm-w8.ts";
import { panelColumns } from "./panels.ts";

export interface PackedLinear extends Linear {
  /** Byte address of the panels. */
  readonly panels: number;
  readonly byteCount: number;
  /** W8A16 only: largest magnitude of a quantised activation. */
  readonly limit: number;
}

/** What packing needs of an instance of the kernels. */
export interface PackingKernels {
  readonly memory: WebAssembly.Memory;
  packF32(panel: number, rows: number, rowBytes: number, K: number, scales: number): void;
  packF16(panel: number, rows: number, rowBytes: number, K: number, scales: number): void;
  packBF16(panel: number, rows: number, rowBytes: number, K: number, scales: number): void;
  packI8(panel: number, rows: number, rowBytes: number, K: number, scales: number): void;
  /** Takes the panel's start; gives the largest sum of magnitudes of a row. */
  packW8(panel: number, rows: number, rowBytes: number, K: number): number;
}

/** A dtype that a kernel decodes. */
type StagedDType = Exclude<WeightDType, "F64">;

export interface PackedSize {
  readonly dtype: "f32" | "w8";
  readonly N: number;
  readonly K: number;
  /** Bytes of the panels, 16-byte aligned. */
  readonly byteCount: number;
  /** Bytes of the staging area. */
  readonly stagingBytes: number;
}

/** Sizes of the packed form of stacked weights (as checked by the caller: equal cols, bytes of the right length). */
export function packedSize(weights: readonly Pick<WeightMatrix, "dtype" | "rows" | "cols">[]): PackedSize {
  const N = weights.reduce((sum, { rows }) => sum + rows, 0);
  const K = weights[0]!.cols;
  const dtype = weights.every((weight) => weight.dtype === "I8") ? "w8" : "f32";
  const byteCount = dtype === "w8" ? panelBytesW8(N, K) : panelBytes(N, K);
  return { dtype, N, K, byteCount, stagingBytes: panelColumns * (4 + stagedRowBytes("F32", K)) };
}

/**
 * Packs to `panels`; `staging` is scratch of `stagingBytes`; both are addresses in the kernels' memory, multiples of 16.
 * @returns the handle; panels[n / 16] holds the rows n .. n + 15
 */
export function packLinear(
  kernels: PackingKernels,
  weights: readonly WeightMatrix[],
  bias: Float32Array | undefined,
  panels: number,
  staging: number,
): PackedLinear {
  const { dtype, N, K, byteCount } = packedSize(weights);
  const panelSize = byteCount / Math.ceil(N / panelColumns);
  const { buffer } = kernels.memory;
  const scales = new Float32Array(buffer, staging, panelColumns);
  const staged = staging + 4 * panelColumns;
  let largestSum = 1; // of the magnitudes of a row of int8
  for (let n = 0; n < N; n += panelColumns) {
    const count = Math.min(panelColumns, N - n);
    const panel = panels + (n / panelColumns) * panelSize;
    const panelBias = new Float32Array(buffer, panel, panelColumns).fill(0);
    if (bias) panelBias.set(bias.subarray(n, n + count));
    const rowDType = stageRows(weights, n, count, buffer, staged, scales);
    const rowBytes = stagedRowBytes(rowDType, K);
    if (dtype === "w8") {
      new Float32Array(buffer, panel + w8Panel.columnScale, panelColumns).set(scales);
      largestSum = Math.max(largestSum, kernels.packW8(panel, staged, rowBytes, K));
    } else {
      const pack = { F32: kernels.packF32, F16: kernels.packF16, BF16: kernels.packBF16, I8: kernels.packI8 }[rowDType];
      pack(panel + 4 * panelColumns, staged, rowBytes, K, staging);
    }
  }
  return { dtype, N, K, panels, byteCount, limit: activationLimitFor(largestSum) };
}

/** Bytes from one staged row to the next: whole vectors, so that kernels need no tail. */
function stagedRowBytes(dtype: StagedDType, K: number): number {
  return (K * BYTES_PER_VALUE[dtype] + 15) & ~15;
}

/**
 * Copies rows [first, first + count) of the stacked matrices to `staged`, and zero rows up to sixteen; int8 scales to `scales`.
 * Rows of one dtype stay as they are; rows of two, and F64, become F32.
 */
function stageRows(
  weights: readonly WeightMatrix[],
  first: number,
  count: number,
  buffer: ArrayBufferLike,
  staged: number,
  scales: Float32Array,
): StagedDType {
  const parts = partsOf(weights, first, count);
  const dtypes = new Set(parts.map(({ weight }) => weight.dtype));
  const [only] = dtypes;
  const dtype: StagedDType = dtypes.size > 1 || only === undefined || only === "F64" ? "F32" : only;
  const K = weights[0]!.cols;
  const rowBytes = stagedRowBytes(dtype, K);
  const target = new Uint8Array(buffer, staged, panelColumns * rowBytes);
  const usedBytes = K * BYTES_PER_VALUE[dtype];
  if (rowBytes !== usedBytes || count < panelColumns) target.fill(0);
  scales.fill(0);
  let r = 0;
  for (const { weight, row, rows } of parts) {
    if (weight.dtype === dtype && rowBytes === usedBytes) {
      target.set(weight.bytes.subarray(row * usedBytes, (row + rows) * usedBytes), r * usedBytes); // nearly always
      if (weight.scale) scales.set(weight.scale.subarray(row, row + rows), r);
      r += rows;
      continue;
    }
    for (let i = row; i < row + rows; i++, r++) {
      if (weight.dtype === dtype) target.set(weight.bytes.subarray(i * usedBytes, (i + 1) * usedBytes), r * rowBytes);
      else decodeRow(weight, i, new Float32Array(buffer, staged + r * rowBytes, K), 0);
      if (weight.scale) scales[r] = weight.scale[i]!;
    }
  }
  return dtype;
}

/** The runs of rows of single matrices that make up rows [first, first + count) of their stack. */
function partsOf(weights: readonly WeightMatrix[], first: number, count: number): { weight: WeightMatrix; row: number; rows: number }[] {
  const parts = [];
  let start = 0;
  for (const weight of weights) {
    const row = Math.max(first - start, 0);
    const rows = Math.min(first + count - start, weight.rows) - row;
    if (rows > 0) parts.push({ weight, row, rows });
    start += weight.rows;
  }
  return parts;
}
