/**
 * The kernels as files: what the build writes for prebuilt.ts and compiled.ts. One for each level that an engine has without flags.
 */
import { kernelFileBytes } from "./all-kernels.ts";
import { levelName } from "./features.ts";
import type { FeatureLevel } from "./level.ts";

export interface KernelFile {
  /** As wasm-simd-fma, without the ending. */
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
  return LEVELS.map((level) => ({ name: levelName(level), bytes: kernelFileBytes(level) }));
}
