/**
 * project: a linear layer, out[m, n] = Σ_k x[m, k] W[n, k] + b[n] with W [N, K] as PyTorch stores it.
 * One thread an output, the sum over k upwards. int8 weights arrive multiplied out to f32.
 */

import type { GpuKernels, KernelThis, Matrix } from "./gpu.ts";

function projectKernel(this: KernelThis, x: Matrix, weight: Matrix, bias: Float32Array, K: number): number {
  let sum = 0;
  for (let k = 0; k < K; k++) {
    sum += x[this.thread.y]![k]! * weight[this.thread.x]![k]!;
  }
  return sum + bias[this.thread.x]!;
}

export function project(gpu: GpuKernels, x: Matrix, weight: Matrix, bias: Float32Array): Promise<Matrix> {
  return gpu.matrix(projectKernel, x.length, weight.length, [x, weight, bias, x[0]!.length]);
}
