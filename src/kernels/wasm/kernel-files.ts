/**
 * The kernels as files: what the build writes for compiled.ts. Only for unshared memory: where bytes may not be compiled there are no threads either.
 */
import { COMPILED_LEVELS } from "./compiled.ts";
import { kernelBytes } from "./kernel-set.ts";

export interface KernelFile {
  /** As wasm-simd-fma.wasm. */
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** One file for each level. */
export function kernelFiles(): KernelFile[] {
  return Object.entries(COMPILED_LEVELS).map(([name, level]) => ({ name: `${name}.wasm`, bytes: kernelBytes(level, false) }));
}
