/**
 * pool: the rows of each sequence become one row, out[b, :].
 *
 *   mean         Σ_s x[s] / S                    max          max_s x[s]
 *   meanSqrtLen  Σ_s x[s] / sqrt(S)              weightedMean Σ_s (s + 1) x[s] / Σ_s (s + 1)
 *
 * One thread an output; `starts` are the running lengths of the batch.
 */

import type { PoolMode } from "../../tensor/backend.ts";
import type { Sequences } from "../../tensor/sequences.ts";
import type { GpuKernels, KernelSource, KernelThis, Matrix } from "./gpu.ts";

function meanKernel(this: KernelThis, x: Matrix, starts: Float32Array): number {
  const first = starts[this.thread.y]!;
  const S = starts[this.thread.y + 1]! - first;
  let sum = 0;
  for (let s = 0; s < S; s++) {
    sum += x[first + s]![this.thread.x]!;
  }
  return sum / S;
}

function meanSqrtLenKernel(this: KernelThis, x: Matrix, starts: Float32Array): number {
  const first = starts[this.thread.y]!;
  const S = starts[this.thread.y + 1]! - first;
  let sum = 0;
  for (let s = 0; s < S; s++) {
    sum += x[first + s]![this.thread.x]!;
  }
  return sum / Math.sqrt(S);
}

function weightedMeanKernel(this: KernelThis, x: Matrix, starts: Float32Array): number {
  const first = starts[this.thread.y]!;
  const S = starts[this.thread.y + 1]! - first;
  let sum = 0;
  for (let s = 0; s < S; s++) {
    sum += x[first + s]![this.thread.x]! * (s + 1);
  }
  return sum / (S * (S + 1) * 0.5);
}

function maxKernel(this: KernelThis, x: Matrix, starts: Float32Array): number {
  const first = starts[this.thread.y]!;
  const S = starts[this.thread.y + 1]! - first;
  let max = x[first]![this.thread.x]!;
  for (let s = 1; s < S; s++) {
    max = Math.max(max, x[first + s]![this.thread.x]!);
  }
  return max;
}

const KERNELS: Readonly<Record<PoolMode, KernelSource>> = {
  mean: meanKernel,
  meanSqrtLen: meanSqrtLenKernel,
  weightedMean: weightedMeanKernel,
  max: maxKernel,
};

export function pool(gpu: GpuKernels, x: Matrix, sequences: Sequences, mode: PoolMode): Promise<Matrix> {
  return gpu.matrix(KERNELS[mode], sequences.B, x[0]!.length, [x, Float32Array.from(sequences.cuSeqlens)]);
}
