/** take: out[n, :] = x[indices[n], :], a zero row where the index is -1. */

import type { GpuKernels, KernelThis, Matrix } from "./gpu.ts";

function takeKernel(this: KernelThis, x: Matrix, indices: Float32Array): number {
  let value = 0;
  if (indices[this.thread.y]! >= 0) {
    value = x[indices[this.thread.y]!]![this.thread.x]!;
  }
  return value;
}

export function take(gpu: GpuKernels, x: Matrix, indices: Int32Array): Promise<Matrix> {
  return gpu.matrix(takeKernel, indices.length, x[0]!.length, [x, Float32Array.from(indices)]);
}
