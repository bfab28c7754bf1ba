/**
 * The kernel set: every kernel file exports `define...(module, level)`, which adds its functions to one module; this file lists them.
 * All kernels are position-independent (byte addresses as arguments), keep nothing between calls and mutate no globals: any number of workers may run them on one shared memory.
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
import { defineRelative } from "./relative.ts";
import { defineRotate } from "./rotate.ts";
import { defineSoftmax } from "./softmax.ts";
import { defineInterpreter } from "./threads/interpreter.ts";

type Define = (module: ModuleBuilder, level: FeatureLevel) => void;

const definitions: readonly Define[] = [
  defineLinearKernels,
  defineElementwiseKernels,
  defineNorms,
  defineSoftmax,
  defineGather,
  defineRotate,
  definePool,
  defineAttentionPacking,
  defineRelative,
  defineAttention, // calls gemm, softmaxExp and the packing
];

/** The bytes of the module with all kernels of a feature level, importing the memory described. */
export function emitKernels(level: FeatureLevel, memory: MemoryImport): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder(memory);
  for (const define of definitions) define(module, level);
  if (memory.shared) defineInterpreter(module);
  return module.bytes();
}
