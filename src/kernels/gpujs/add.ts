/** add: out = a + b, element by element. */

import type { GpuKernels, KernelThis, Matrix } from "./gpu.ts";

function addKernel(this: KernelThis, a: Matrix, b: Matrix): number {
  return a[this.thread.y]![this.thread.x]! + b[this.thread.y]![this.thread.x]!;
}

export function add(gpu: GpuKernels, a: Matrix, b: Matrix): Promise<Matrix> {
  return gpu.matrix(addKernel, a.length, a[0]!.length, [a, b]);
}
