/**
 * activate: out = f(x), element by element, one kernel a function (formulas: tensor/activations.ts).
 *
 * There is no erf in a kernel, so gelu goes through the tail of the normal distribution,
 *   Φ(-z) = exp(-z²/2) t P(t - 1/2),  t = 1/(1 + 0.3 z): 1.2e-7 relative (a minimax fit to reference/erf.ts);
 * tanh is (1 - e)/(1 + e) with e = exp(-2|x|), and x + x³ Q(x²) for |x| < 0.6, where that difference would cancel. exp never overflows.
 */

import type { Activation } from "../../tensor/activations.ts";
import type { GpuKernels, KernelSource, KernelThis, Matrix } from "./gpu.ts";

function geluKernel(this: KernelThis, x: Matrix): number {
  const value = x[this.thread.y]![this.thread.x]!;
  const z = Math.abs(value);
  const t = 1 / (1 + 0.3 * z);
  const u = t - 0.5;
  let q = u * 0.036195029 - 0.032696378;
  q = u * q - 0.077993568;
  q = u * q + 0.028812455;
  q = u * q + 0.22210818;
  q = u * q + 0.34620446;
  q = u * q + 0.32915869;
  q = u * q + 0.22197059;
  const tail = value * Math.exp(Math.max(-0.5 * z * z, -88.0)) * t * q; // x Φ(-|x|)
  let y = tail;
  if (value > 0) {
    y = value - tail;
  }
  return y;
}

function geluTanhKernel(this: KernelThis, x: Matrix): number {
  const value = x[this.thread.y]![this.thread.x]!;
  const inner = 0.7978845608 * (value + 0.044715 * value * value * value);
  // 0.5 (1 + tanh(inner)) = sigmoid(2 inner)
  return value / (1 + Math.exp(Math.min(Math.max(-2.0 * inner, -88.0), 88.0)));
}

function quickGeluKernel(this: KernelThis, x: Matrix): number {
  const value = x[this.thread.y]![this.thread.x]!;
  return value / (1 + Math.exp(Math.min(Math.max(-1.702 * value, -88.0), 88.0)));
}

function siluKernel(this: KernelThis, x: Matrix): number {
  const value = x[this.thread.y]![this.thread.x]!;
  return value / (1 + Math.exp(Math.min(Math.max(-1.0 * value, -88.0), 88.0)));
}

function sigmoidKernel(this: KernelThis, x: Matrix): number {
  const value = x[this.thread.y]![this.thread.x]!;
  return 1 / (1 + Math.exp(Math.min(Math.max(-1.0 * value, -88.0), 88.0)));
}

function reluKernel(this: KernelThis, x: Matrix): number {
  return Math.max(x[this.thread.y]![this.thread.x]!, 0.0);
}

function tanhKernel(this: KernelThis, x: Matrix): number {
  const value = x[this.thread.y]![this.thread.x]!;
  const s = value * value;
  let y = value + value * s * (-0.33332597 + s * (0.13313116 + s * (-0.052211788 + s * 0.015612608)));
  if (Math.abs(value) >= 0.6) {
    const e = Math.exp(-2.0 * Math.min(Math.abs(value), 44.0));
    y = (Math.sign(value) * (1 - e)) / (1 + e);
  }
  return y;
}

const KERNELS: Readonly<Record<Activation, KernelSource>> = {
  gelu: geluKernel,
  gelu_tanh: geluTanhKernel,
  quick_gelu: quickGeluKernel,
  silu: siluKernel,
  sigmoid: sigmoidKernel,
  relu: reluKernel,
  tanh: tanhKernel,
};

export function activate(gpu: GpuKernels, x: Matrix, activation: Activation): Promise<Matrix> {
  return gpu.matrix(KERNELS[activation], x.length, x[0]!.length, [x]);
}
