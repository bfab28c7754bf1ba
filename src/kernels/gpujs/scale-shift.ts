/** scaleShift: out[t, c] = x[t, c] * gain[c] + shift[c]. */

import type { GpuKernels, KernelThis, Matrix } from "./gpu.ts";

function scaleShiftKernel(this: KernelThis, x: Matrix, gain: Float32Array, shift: Float32Array): number {
  return x[this.thread.y]![this.thread.x]! * gain[this.thread.x]! + shift[this.thread.x]!;
}

export function scaleShift(gpu: GpuKernels, x: Matrix, gain: Float32Array, shift: Float32Array): Promise<Matrix> {
  return gpu.matrix(scaleShiftKernel, x.length, x[0]!.length, [x, gain, shift]);
}
