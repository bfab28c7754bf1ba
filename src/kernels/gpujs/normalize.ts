/** normalize: out[t, :] = x[t, :] / max(|x[t, :]|₂, 1e-12), as torch.nn.functional.normalize. Two kernels: the norms, and the element. */

import type { GpuKernels, KernelThis, Matrix } from "./gpu.ts";

function normKernel(this: KernelThis, x: Matrix, C: number): number {
  let squares = 0;
  for (let c = 0; c < C; c++) {
    squares += x[this.thread.x]![c]! * x[this.thread.x]![c]!;
  }
  return Math.max(Math.sqrt(squares), 1e-12);
}

function divideKernel(this: KernelThis, x: Matrix, norm: Float32Array): number {
  return x[this.thread.y]![this.thread.x]! / norm[this.thread.y]!;
}

export async function normalize(gpu: GpuKernels, x: Matrix): Promise<Matrix> {
  const C = x[0]!.length;
  const norm = await gpu.vector(normKernel, x.length, [x, C]); // T
  return gpu.matrix(divideKernel, x.length, C, [x, norm]);
}
