/**
 * An instance of the kernels over one memory. Modules are compiled once a process and feature level; V8 compiles each function when it is first called.
 * Every kernel takes i32 and f32 arguments only and runs to its end: a call is a row of numbers, which a queue in shared memory can hold.
 */
import { UnsupportedError } from "../../errors.ts";
import { emitKernels } from "./kernels.ts";
import type { FeatureLevel } from "./level.ts";

export type Kernel = (...args: number[]) => number;
export type Kernels = Readonly<Record<string, Kernel>>;

const modules = new Map<string, WebAssembly.Module>();

/** @throws UnsupportedError where WebAssembly, its SIMD or compiling at run time is missing or forbidden */
export function instantiateKernels(level: FeatureLevel, memory: WebAssembly.Memory): Kernels {
  const key = `${level.fma} ${level.wide}`;
  try {
    let module = modules.get(key);
    if (module === undefined) {
      module = new WebAssembly.Module(emitKernels(level, { initial: 1 }));
      modules.set(key, module);
    }
    return new WebAssembly.Instance(module, { env: { memory } }).exports as Kernels;
  } catch (error) {
    throw new UnsupportedError(`wasm: the kernels do not compile here (${error}); use device "loops"`);
  }
}
