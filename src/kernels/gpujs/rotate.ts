/**
 * rotate: rotary position embedding of each head's D channels, the first half against the second half:
 *
 *   out[c] = x[c] cos_c - x[c + D/2] sin_c,   out[c + D/2] = x[c + D/2] cos_c + x[c] sin_c      (see the reference for source and layout)
 */

import type { GpuKernels, KernelThis, Matrix } from "./gpu.ts";

function rotateKernel(this: KernelThis, x: Matrix, cos: Matrix, sin: Matrix, positions: Float32Array, half: number): number {
  const position = positions[this.thread.y]!;
  const c = this.thread.x - Math.floor((this.thread.x + 0.5) / (2 * half)) * 2 * half; // channel within its head
  let value = 0;
  if (c < half) {
    value = x[this.thread.y]![this.thread.x]! * cos[position]![c]! - x[this.thread.y]![this.thread.x + half]! * sin[position]![c]!;
  } else {
    value =
      x[this.thread.y]![this.thread.x]! * cos[position]![c - half]! + x[this.thread.y]![this.thread.x - half]! * sin[position]![c - half]!;
  }
  return value;
}

export function rotate(gpu: GpuKernels, x: Matrix, cos: Matrix, sin: Matrix, positions: Int32Array): Promise<Matrix> {
  return gpu.matrix(rotateKernel, x.length, x[0]!.length, [x, cos, sin, Float32Array.from(positions), cos[0]!.length]);
}
