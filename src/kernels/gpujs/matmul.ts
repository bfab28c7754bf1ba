/** matmul: out[m, n] = Σ_k a[m, k] b[k, n], or with transposeB Σ_k a[m, k] b[n, k]. One thread an output, the sum over k upwards. */

import type { GpuKernels, KernelThis, Matrix } from "./gpu.ts";

function matmulKernel(this: KernelThis, a: Matrix, b: Matrix, K: number): number {
  let sum = 0;
  for (let k = 0; k < K; k++) {
    sum += a[this.thread.y]![k]! * b[k]![this.thread.x]!;
  }
  return sum;
}

function matmulTransposedKernel(this: KernelThis, a: Matrix, b: Matrix, K: number): number {
  let sum = 0;
  for (let k = 0; k < K; k++) {
    sum += a[this.thread.y]![k]! * b[this.thread.x]![k]!;
  }
  return sum;
}

export function matmul(gpu: GpuKernels, a: Matrix, b: Matrix, transposeB: boolean): Promise<Matrix> {
  const K = a[0]!.length;
  if (transposeB) return gpu.matrix(matmulTransposedKernel, a.length, b.length, [a, b, K]);
  return gpu.matrix(matmulKernel, a.length, b[0]!.length, [a, b, K]);
}
