/**
 * The kernels as files, for runtimes that refuse to compile bytes but accept a module that was deployed with the code (workerd, edge functions): the build writes them,
 * the application imports the one its runtime can use and hands it to useCompiledKernels (kernel-set.ts) before it loads a model.
 * Revectorised levels are left out: they only make sense where V8's flags can be set, and there bytes can be compiled.
 */
import { levelName } from "./features.ts";
import { kernelBytes } from "./kernel-set.ts";
import type { FeatureLevel } from "./level.ts";

export interface KernelFile {
  /** As wasm-simd-fma-dot8.shared.wasm. */
  readonly name: string;
  readonly level: FeatureLevel;
  readonly shared: boolean;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const levels: readonly FeatureLevel[] = [
  { fma: false, wide: false },
  { fma: true, wide: false },
  { fma: true, wide: false, dot8: "unsigned" },
  { fma: true, wide: false, dot8: "signed" },
];

/** One file for each level, for unshared and for shared memory. */
export function kernelFiles(): KernelFile[] {
  return levels.flatMap((level) =>
    [false, true].map((shared) => ({
      name: `${levelName(level)}${shared ? ".shared" : ""}.wasm`,
      level,
      shared,
      bytes: kernelBytes(level, shared),
    })),
  );
}
