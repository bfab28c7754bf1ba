/** multiply: out = a * b, element by element. */

import type { GpuKernels, KernelThis, Matrix } from "./gpu.ts";

function multiplyKernel(this: KernelThis, a: Matrix, b: Matrix): number {
  return a[this.thread.y]![this.thread.x]! * b[this.thread.y]![this.thread.x]!;
}

export function multiply(gpu: GpuKernels, a: Matrix, b: Matrix): Promise<Matrix> {
  return gpu.matrix(multiplyKernel, a.length, a[0]!.length, [a, b]);
}
