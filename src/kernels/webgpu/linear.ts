/**
 * Linear layers on the GPU: W [N, K] in one storage buffer, K padded with zeros to the tile, and [bias, scale] in another.
 *
 *   f32   4 bytes a weight
 *   f16   2 bytes, rounded to nearest even (an option; values beyond 65504 are refused: f32 holds them)
 *   w8    1 byte, the file's own int8; scale[n] multiplies the finished sum. Activations stay f32: this is W8A32, whose difference
 *         from the reference's W8A16 is the rounding of activations to 15 bits (tensor/w8.ts), so the two agree within that rounding.
 */

import { checkLinear, decodeRow } from "../../tensor/weight-rows.ts";
import type { Linear, WeightMatrix } from "../../tensor/weights.ts";
import type { BufferPool, GpuBuffer } from "./buffer-pool.ts";
import { BufferUsage } from "./device.ts";
import { halfBits } from "./half.ts";

/** Weights are read in slices of this along K. */
const PAD_K = 16;

export interface GpuLinear extends Linear {
  readonly operand: "f32" | "f16" | "i8";
  /** [N, Kp] in the format of `operand`. */
  readonly weight: GpuBuffer;
  /** bias [N], then for i8 the scales [N]. */
  readonly channels: GpuBuffer;
  /** Kp / 4. */
  readonly k4: number;
}

const STORAGE = BufferUsage.STORAGE | BufferUsage.COPY_DST;

/** @throws ShapeError where the parts do not fit together, UnsupportedError where the device cannot bind so large a buffer */
export function uploadLinear(
  device: GPUDevice,
  pool: BufferPool,
  weights: readonly WeightMatrix[],
  bias: Float32Array | undefined,
  floats: "f32" | "f16",
): GpuLinear {
  const { N, K } = checkLinear(weights, bias);
  const Kp = Math.ceil(K / PAD_K) * PAD_K;
  const isW8 = weights.every(({ dtype }) => dtype === "I8");
  const operand = isW8 ? "i8" : floats;
  const bytes = N * Kp * { f32: 4, f16: 2, i8: 1 }[operand];
  const weight = pool.create(`linear [${N}, ${K}] as ${operand}`, bytes, STORAGE);
  writeRows(device, weight.buffer, weights, Kp, operand);
  const channels = new Float32Array(isW8 ? 2 * N : N);
  if (bias) channels.set(bias);
  let channel = N;
  for (const { scale, rows } of isW8 ? weights : []) {
    channels.set(scale!, channel);
    channel += rows;
  }
  const channelBuffer = pool.create("channels", Math.ceil(channels.byteLength / 16) * 16, STORAGE);
  device.queue.writeBuffer(channelBuffer.buffer, 0, channels);
  return { N, K, dtype: isW8 ? "w8" : "f32", operand, weight, channels: channelBuffer, k4: Kp / 4 };
}

/** Packs and writes the stacked rows in runs of about 4 MiB, so that no second copy of a large weight exists. */
function writeRows(
  device: GPUDevice,
  buffer: GPUBuffer,
  weights: readonly WeightMatrix[],
  Kp: number,
  operand: GpuLinear["operand"],
): void {
  const rowBytes = Kp * { f32: 4, f16: 2, i8: 1 }[operand];
  const runRows = Math.max(1, Math.floor(2 ** 22 / rowBytes));
  let at = 0;
  for (const weight of weights) {
    for (let first = 0; first < weight.rows; first += runRows) {
      const count = Math.min(runRows, weight.rows - first);
      const run = new Uint8Array(count * rowBytes);
      for (let row = 0; row < count; row++) packRow(weight, first + row, run.subarray(row * rowBytes, (row + 1) * rowBytes), Kp, operand);
      device.queue.writeBuffer(buffer, at, run);
      at += run.length;
    }
  }
}

function packRow(weight: WeightMatrix, row: number, out: Uint8Array, Kp: number, operand: GpuLinear["operand"]): void {
  if (operand === "i8") {
    out.set(weight.bytes.subarray(row * weight.cols, (row + 1) * weight.cols));
    return;
  }
  if (operand === "f32") {
    decodeRow(weight, row, new Float32Array(out.buffer, out.byteOffset, Kp), 0);
    return;
  }
  const values = new Float32Array(weight.cols);
  decodeRow(weight, row, values, 0);
  const halves = new Uint16Array(out.buffer, out.byteOffset, Kp);
  for (let k = 0; k < weight.cols; k++) halves[k] = halfBits(values[k]!);
}
