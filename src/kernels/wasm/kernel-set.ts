/**
 * The compiled kernels: one WebAssembly.Module per feature level and kind of memory for the whole process (so that optimised code is shared by all models),
 * one instance per memory and worker. A Module can be posted to a worker, which needs neither the emitter nor V8's flags to use it.
 */
import { UnsupportedError } from "../../errors.ts";
import { levelName } from "./features.ts";
import { emitKernels } from "./kernels.ts";
import type { FeatureLevel } from "./level.ts";
import type { PackingKernels } from "./pack.ts";
import { prebuiltKernels } from "./prebuilt.ts";

/** 4 GiB in pages of 64 KiB: a shared import must state a maximum, and accepts memories of any smaller one. */
const MOST_PAGES = 65536;

/** Addresses are bytes; strides count elements (f32, for q int16). gemmPanels and gemmW8Panels do the panels [first, end) only and end in scratch (gemm-w8.ts). */
export interface LinearKernels extends PackingKernels {
  /** out[M, N] = x[M, K] W^T + bias; rowScale is not read. */
  gemm(out: number, x: number, rowScale: number, panels: number, M: number, N: number, K: number, outStride: number, xStride: number): void;
  gemmPanels(...gemmThenRange: number[]): void;
  /** The same with quantised rows q and their scales. */
  gemmW8(
    out: number,
    q: number,
    rowScale: number,
    panels: number,
    M: number,
    N: number,
    K: number,
    outStride: number,
    qStride: number,
  ): void;
  gemmW8Panels(...gemmThenRange: number[]): void;
  quantizeRows(q: number, rowScale: number, x: number, M: number, K: number, qStride: number, xStride: number, limit: number): void;
}

export type Kernels = LinearKernels & Readonly<Record<string, (...args: number[]) => number>>;

const modules = new Map<string, WebAssembly.Module>();

/** As wasm-simd-fma-shared: a level and a kind of memory, the key of a module and the name of its file. */
export function kernelsName(level: FeatureLevel, shared: boolean): string {
  return `${levelName(level)}${shared ? "-shared" : ""}`;
}

/** The bytes of a level's kernels, for shared or unshared memory. */
export function kernelBytes(level: FeatureLevel, shared: boolean): Uint8Array<ArrayBuffer> {
  return emitKernels(level, shared ? { initial: 1, maximum: MOST_PAGES, shared: true } : { initial: 1 });
}

/** The kernels of a level, compiled once. @throws UnsupportedError where a policy forbids to compile WebAssembly */
export function kernelModule(level: FeatureLevel, shared: boolean): WebAssembly.Module {
  const name = kernelsName(level, shared);
  const known = modules.get(name);
  if (known) return known;
  try {
    const module = new WebAssembly.Module(prebuiltKernels(name) ?? kernelBytes(level, shared));
    modules.set(name, module);
    return module;
  } catch (error) {
    throw new UnsupportedError(`the wasm kernels could not be compiled (${String(error)}); use device "loops"`, { cause: error });
  }
}

/** Takes kernels for unshared memory that were compiled ahead of time (compiled.ts). */
export function registerKernels(level: FeatureLevel, module: WebAssembly.Module): void {
  modules.set(kernelsName(level, false), module);
}

/** The kernels over one memory, which is shared if and only if the module was compiled for shared memory. */
export function instantiateKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return { ...exports, memory } as unknown as Kernels;
}
