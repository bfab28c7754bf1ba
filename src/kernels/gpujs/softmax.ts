/**
 * softmax: out[i, j] = exp(x[i, j] - max_i) / Σ_j exp(x[i, j] - max_i), row by row; with a window only |i - j| <= window takes part.
 *
 * Three kernels: the maximum of each row, the sum of its exponentials, and the element.
 */

import type { GpuKernels, KernelThis, Matrix } from "./gpu.ts";

function maximumKernel(this: KernelThis, x: Matrix, S: number, window: number): number {
  let max = -3.4e38;
  for (let j = 0; j < S; j++) {
    if (j - this.thread.x <= window && this.thread.x - j <= window) {
      max = Math.max(max, x[this.thread.x]![j]!);
    }
  }
  return max;
}

function sumKernel(this: KernelThis, x: Matrix, max: Float32Array, S: number, window: number): number {
  let sum = 0;
  for (let j = 0; j < S; j++) {
    if (j - this.thread.x <= window && this.thread.x - j <= window) {
      sum += Math.exp(x[this.thread.x]![j]! - max[this.thread.x]!);
    }
  }
  return sum;
}

function softmaxKernel(this: KernelThis, x: Matrix, max: Float32Array, sum: Float32Array, window: number): number {
  let weight = 0;
  if (this.thread.x - this.thread.y <= window && this.thread.y - this.thread.x <= window) {
    weight = Math.exp(x[this.thread.y]![this.thread.x]! - max[this.thread.y]!) / sum[this.thread.y]!;
  }
  return weight;
}

/** @param window Infinity for all columns */
export async function softmax(gpu: GpuKernels, x: Matrix, window: number): Promise<Matrix> {
  const rows = x.length;
  const S = x[0]!.length;
  const width = Math.min(window, rows + S);
  const max = await gpu.vector(maximumKernel, rows, [x, S, width]); // rows
  const sum = await gpu.vector(sumKernel, rows, [x, max, S, width]); // rows
  return gpu.matrix(softmaxKernel, rows, S, [x, max, sum, width]);
}
