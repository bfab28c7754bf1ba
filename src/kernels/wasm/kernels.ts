/**
 * The kernels that BERT needs on one thread. Every kernel file exports `define...(module, level)`, which adds its functions to one module; this file and
 * all-kernels.ts list them. All kernels are position-independent (byte addresses as arguments), keep nothing between calls and mutate no globals:
 * any number of workers may run them on one shared memory.
 */
import { defineAttention } from "./attention.ts";
import { defineAttentionPacking } from "./attention-pack.ts";
import { defineElementwiseKernels } from "./elementwise.ts";
import { type MemoryImport, ModuleBuilder } from "./emitter/module.ts";
import { defineGather } from "./gather.ts";
import type { FeatureLevel } from "./level.ts";
import { defineLinearKernels } from "./linear-kernels.ts";
import { defineNorms } from "./norm.ts";
import { definePool } from "./pool.ts";
import { defineSoftmax } from "./softmax.ts";

export type Define = (module: ModuleBuilder, level: FeatureLevel) => void;

export const coreKernels: readonly Define[] = [
  defineLinearKernels,
  defineElementwiseKernels,
  defineNorms,
  defineSoftmax,
  defineGather,
  definePool,
  defineAttentionPacking,
  defineAttention, // calls gemm, softmaxExp and the packing
];

export const UNSHARED: MemoryImport = { initial: 1 };

/** The bytes of the module with these kernels at a feature level, importing the memory described. */
export function emitKernels(kernels: readonly Define[], level: FeatureLevel, memory: MemoryImport): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder(memory);
  for (const define of kernels) define(module, level);
  return module.bytes();
}
