/** scale: out = x * factor, the factor rounded to f32 (gpu.js in cpu mode would keep it in f64). It is a constant of the kernel: models use few. */

import type { GpuKernels, KernelThis, Matrix } from "./gpu.ts";

function scaleKernel(this: KernelThis, x: Matrix): number {
  return x[this.thread.y]![this.thread.x]! * this.constants.factor!;
}

export function scale(gpu: GpuKernels, x: Matrix, factor: number): Promise<Matrix> {
  return gpu.matrix(scaleKernel, x.length, x[0]!.length, [x], { factor: Math.fround(factor) });
}
