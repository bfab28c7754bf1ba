/**
 * layerNorm: out[t, :] = (x - mean) / sqrt(variance + eps) * gamma + beta over the C elements of row t, variance divided by C.
 *
 * Three kernels: the mean of each row, the variance around it (two passes, as the reference: it does not cancel), and the element.
 * Without beta a row of zeros takes its place.
 */

import type { GpuKernels, KernelThis, Matrix } from "./gpu.ts";

function meanKernel(this: KernelThis, x: Matrix, C: number): number {
  let sum = 0;
  for (let c = 0; c < C; c++) {
    sum += x[this.thread.x]![c]!;
  }
  return sum / C;
}

function varianceKernel(this: KernelThis, x: Matrix, mean: Float32Array, C: number): number {
  let squares = 0;
  for (let c = 0; c < C; c++) {
    const deviation = x[this.thread.x]![c]! - mean[this.thread.x]!;
    squares += deviation * deviation;
  }
  return squares / C;
}

function normKernel(
  this: KernelThis,
  x: Matrix,
  mean: Float32Array,
  variance: Float32Array,
  gamma: Float32Array,
  beta: Float32Array,
): number {
  const deviation = x[this.thread.y]![this.thread.x]! - mean[this.thread.y]!;
  return (deviation / Math.sqrt(variance[this.thread.y]! + this.constants.eps!)) * gamma[this.thread.x]! + beta[this.thread.x]!;
}

export async function layerNorm(
  gpu: GpuKernels,
  x: Matrix,
  gamma: Float32Array,
  beta: Float32Array | undefined,
  eps: number,
): Promise<Matrix> {
  const T = x.length;
  const C = gamma.length;
  const mean = await gpu.vector(meanKernel, T, [x, C]); // T
  const variance = await gpu.vector(varianceKernel, T, [x, mean, C]); // T
  return gpu.matrix(normKernel, T, C, [x, mean, variance, gamma, beta ?? new Float32Array(C)], { eps });
}
