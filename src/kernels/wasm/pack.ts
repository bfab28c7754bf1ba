/**
 * Packing a linear layer at load: rows of the file's bytes -> the end of the place that their panels will take -> panels (pack-kernels.ts). Kernels take
 * sixteen rows away before they write their panel, and the rows that are left take no more bytes than the panels that are left: a panel never overwrites rows
 * to come. So weights are in wasm memory once, and where they were read to that place (room.ts) nothing is copied.
 *
 * Several matrices act as one with their rows stacked (fused Q, K, V); a panel may span two of them. All parts int8: a W8A16 layer with one activation limit.
 * Any float part: everything as f32, int8 parts multiplied out. No f32 copy of a weight exists beside its panels, but for F64 and stacks of several dtypes.
 * The caller gives the addresses (memory grows only between passes, so both areas are reserved before packing).
 */
import { activationLimitFor } from "../../tensor/w8.ts";
import { BYTES_PER_VALUE, decodeMatrix } from "../../tensor/weight-rows.ts";
import type { Linear, WeightDType, WeightMatrix } from "../../tensor/weights.ts";
import { panelBytes } from "./gemm.ts";
import { panelBytesW8 } from "./gemm-w8.ts";
import { stagedRowBytes } from "./pack-kernels.ts";
import { panelColumns } from "./panels.ts";

export interface PackedLinear extends Linear {
  /** Byte address of the panels. */
  readonly panels: number;
  readonly byteCount: number;
  /** W8A16 only: largest magnitude of a quantised activation. */
  readonly limit: number;
}

/** Takes the first panel, the first row, N, K and staging; gives the largest sum of magnitudes of a row where it is one of int8, else 1. */
type PackKernel = (panels: number, rows: number, N: number, K: number, staging: number) => number;

/** What packing needs of an instance of the kernels. */
export interface PackingKernels {
  readonly memory: WebAssembly.Memory;
  readonly packF32: PackKernel;
  readonly packF16: PackKernel;
  readonly packBF16: PackKernel;
  readonly packW8: PackKernel;
}

/** A dtype that a kernel reads. */
type PackedDType = Exclude<WeightDType, "F64">;

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
  const columns = Math.ceil(N / panelColumns) * panelColumns;
  return { dtype, N, K, byteCount, stagingBytes: panelColumns * stagedRowBytes(K, BYTES_PER_VALUE.F32) + 2 * 4 * columns };
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
  const { buffer } = kernels.memory;
  const [first, ...others] = weights as [WeightMatrix, ...WeightMatrix[]];
  const isAsItIs = first.dtype !== "F64" && others.every((weight) => weight.dtype === first.dtype);
  const rowDType = isAsItIs ? first.dtype : "F32";
  const bytesPerValue = BYTES_PER_VALUE[rowDType];
  const rows = panels + byteCount - N * K * bytesPerValue;
  let at = rows;
  for (const weight of weights) {
    const bytes = isAsItIs ? weight.bytes : new Uint8Array(decodeMatrix(weight).buffer);
    const isThere = bytes.buffer === buffer && bytes.byteOffset === at;
    if (!isThere) new Uint8Array(buffer, at, bytes.length).set(bytes);
    at += bytes.length;
  }
  const columns = Math.ceil(N / panelColumns) * panelColumns;
  const biases = new Float32Array(buffer, staging + panelColumns * stagedRowBytes(K, bytesPerValue), columns).fill(0);
  if (bias) biases.set(bias);
  if (dtype === "w8") {
    const scales = new Float32Array(buffer, biases.byteOffset + biases.byteLength, columns).fill(0);
    let n = 0;
    for (const { scale, rows: count } of weights) {
      scales.set(scale!, n);
      n += count;
    }
  }
  const pack = { F32: kernels.packF32, F16: kernels.packF16, BF16: kernels.packBF16, I8: kernels.packW8 }[rowDType as PackedDType];
  return { dtype, N, K, panels, byteCount, limit: activationLimitFor(pack(panels, rows, N, K, staging)) };
}
