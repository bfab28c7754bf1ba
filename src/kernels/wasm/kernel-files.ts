/**
 * The kernels as files: what the build writes for prebuilt.ts and compiled.ts. One for each level that an engine has without flags, and kind of memory.
 */
import { kernelBytes, kernelsName } from "./kernel-set.ts";
import type { FeatureLevel } from "./level.ts";

export interface KernelFile {
  /** As wasm-simd-fma-shared, without the ending. */
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const LEVELS: readonly FeatureLevel[] = [
  { fma: false, wide: false },
  { fma: true, wide: false },
  { fma: true, wide: false, dot8: "unsigned" },
  { fma: true, wide: false, dot8: "signed" },
];

export function kernelFiles(): KernelFile[] {
  return LEVELS.flatMap((level) =>
    [false, true].map((shared) => ({ name: kernelsName(level, shared), bytes: kernelBytes(level, shared) })),
  );
}
