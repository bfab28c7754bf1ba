/**
 * The compiled kernels: one WebAssembly.Module per set of kernels and feature level for the whole process (so that optimised code is shared by all models),
 * one instance per memory and worker. A Module can be posted to a worker, which needs neither the emitter nor V8's flags to use it.
 */
import { UnsupportedError } from "../../errors.ts";
import { levelName } from "./features.ts";
import { coreKernels, emitKernels, UNSHARED } from "./kernels.ts";
import type { FeatureLevel } from "./level.ts";
import type { PackingKernels } from "./pack.ts";
import { prebuiltKernels } from "./prebuilt.ts";

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

/** Which kernels, over which kind of memory. */
export interface KernelSet {
  readonly name: string;
  readonly isShared: boolean;
  /** A level's module. `file`: what the build wrote for the level, if it is there: all kernels over unshared memory. */
  readonly bytes: (level: FeatureLevel, file: Uint8Array<ArrayBuffer> | undefined) => Uint8Array<ArrayBuffer>;
}

/** What BERT needs on one thread; all-kernels.ts has the others. */
export const CORE_KERNELS: KernelSet = {
  name: "core",
  isShared: false,
  bytes: (level, file) => file ?? emitKernels(coreKernels, level, UNSHARED),
};

const modules = new Map<string, WebAssembly.Module>();
/** By the level's name. */
const compiledAhead = new Map<string, WebAssembly.Module>();

/** The kernels of a set and level, compiled once. @throws UnsupportedError where a policy forbids to compile WebAssembly */
export function kernelModule(kernels: KernelSet, level: FeatureLevel): WebAssembly.Module {
  const name = levelName(level);
  const key = `${kernels.name} ${name}`;
  const known = (kernels.isShared ? undefined : compiledAhead.get(name)) ?? modules.get(key);
  if (known) return known;
  try {
    const module = new WebAssembly.Module(kernels.bytes(level, prebuiltKernels(name)));
    modules.set(key, module);
    return module;
  } catch (error) {
    throw new UnsupportedError(`the wasm kernels could not be compiled (${String(error)}); use device "loops"`, { cause: error });
  }
}

/** Takes all kernels for unshared memory that were compiled ahead of time (compiled.ts). */
export function registerKernels(level: FeatureLevel, module: WebAssembly.Module): void {
  compiledAhead.set(levelName(level), module);
}

/** The kernels over one memory, which is shared if and only if the module was compiled for shared memory. */
export function instantiateKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return { ...exports, memory } as unknown as Kernels;
}
