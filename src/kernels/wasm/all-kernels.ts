/**
 * The kernels of all families, and of threads: on shared memory the interpreter runs them (threads/interpreter.ts).
 */
import { type MemoryImport, withMemory } from "./emitter/module.ts";
import type { KernelSet } from "./kernel-set.ts";
import { coreKernels, type Define, emitKernels, UNSHARED } from "./kernels.ts";
import type { FeatureLevel } from "./level.ts";
import { defineRelative } from "./relative.ts";
import { defineRotate } from "./rotate.ts";
import { defineInterpreter } from "./threads/interpreter.ts";

const allKernels: readonly Define[] = [...coreKernels, defineRotate, defineRelative];
const threadedKernels: readonly Define[] = [...allKernels, defineInterpreter]; // makes commands of those before it

/** 4 GiB in pages of 64 KiB: a shared import must state a maximum, and accepts memories of any smaller one. */
const SHARED: MemoryImport = { initial: 1, maximum: 65536, shared: true };

/** Kernels over unshared memory. */
export const ALL_KERNELS: KernelSet = {
  name: "all",
  isShared: false,
  bytes: (level, file) => file ?? emitKernels(allKernels, level, UNSHARED),
};

/** Kernels and interpreter over shared memory. */
export const SHARED_KERNELS: KernelSet = {
  name: "shared",
  isShared: true,
  bytes: (level, file) => (file ? withMemory(file, UNSHARED, SHARED) : emitKernels(threadedKernels, level, SHARED)),
};

/** What a file holds: everything, over unshared memory as engines want it that compile ahead of time. */
export function kernelFileBytes(level: FeatureLevel): Uint8Array<ArrayBuffer> {
  return emitKernels(threadedKernels, level, UNSHARED);
}
