/**
 * Kernels compiled ahead of time, for runtimes that refuse to compile bytes but take a module that was deployed with the code (Cloudflare's workers, edge functions):
 *
 *   import kernels from "hummingbert/wasm/wasm-simd-fma.wasm";
 *   useCompiledKernels("wasm-simd-fma", kernels);      // before a model is loaded
 *
 * The build writes them (scripts/build.ts). Levels with dot8 are left out: which of them is right depends on the machine, and finding that out needs to compile.
 */
import { ConfigError } from "../../errors.ts";
import { assumeLevel } from "./features.ts";
import { registerKernels } from "./kernel-set.ts";
import type { FeatureLevel } from "./level.ts";

/** "wasm-simd" runs wherever WebAssembly has SIMD, "wasm-simd-fma" needs relaxed SIMD and is faster where the machine fuses multiply and add. */
export const COMPILED_LEVELS = {
  "wasm-simd": { fma: false, wide: false },
  "wasm-simd-fma": { fma: true, wide: false },
} as const satisfies Record<string, FeatureLevel>;

/** For the whole process: models loaded from now on use this WebAssembly.Module (a name that programs without TypeScript's DOM library do not have). @throws ConfigError for a name that is not one of the files, or what is no module */
export function useCompiledKernels(name: keyof typeof COMPILED_LEVELS, module: object): void {
  if (!Object.hasOwn(COMPILED_LEVELS, name))
    throw new ConfigError(`useCompiledKernels: expected ${Object.keys(COMPILED_LEVELS).join(" or ")}, got ${JSON.stringify(name)}`);
  if (!(module instanceof WebAssembly.Module))
    throw new ConfigError(
      `useCompiledKernels: expected a WebAssembly.Module, got ${typeof module}; does the bundler leave .wasm files to the runtime?`,
    );
  registerKernels(COMPILED_LEVELS[name], module);
  assumeLevel(COMPILED_LEVELS[name]);
}
