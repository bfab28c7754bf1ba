/**
 * "hummingbert/gpujs": the engine on gpu.js, whose kernels are JavaScript functions: the readable GPU backend.
 *
 *   import { GPU } from "gpu.js";
 *   import { gpuJs } from "hummingbert/gpujs";
 *   const encoder = await SentenceEncoder.load(undefined, { device: gpuJs(GPU, { mode: "webasm" }) });
 *
 * gpu.js stays the user's dependency (2.24 or later). Modes: cpu and webasm anywhere, webgl2 and webgpu in a browser.
 */

import { ConfigError, UnsupportedError } from "../../errors.ts";
import type { BackendDevice } from "../../tensor/device.ts";
import { GpuJsBackend } from "./backend.ts";
import { type GpuConstructor, type GpuJsMode, GpuKernels } from "./gpu.ts";

export type { GpuConstructor, GpuJsMode } from "./gpu.ts";

export interface GpuJsOptions {
  /** Default "webasm", which every runtime with WebAssembly has. */
  readonly mode?: GpuJsMode | undefined;
}

/**
 * A device that runs models on gpu.js.
 * @throws ConfigError when GPU is not gpu.js's class. Loading throws an UnsupportedError where gpu.js does not offer the mode.
 */
export function gpuJs(GPU: GpuConstructor, { mode = "webasm" }: GpuJsOptions = {}): BackendDevice {
  if (typeof GPU !== "function") {
    throw new ConfigError(`gpuJs: expected the class GPU of gpu.js, got ${typeof GPU}; install gpu.js and pass \`GPU\` from it`);
  }
  return {
    name: `gpu.js (${mode})`,
    createBackend: async () => {
      await checkWebGpu(GPU, mode);
      return new GpuJsBackend(new GpuKernels(GPU, mode), mode);
    },
  };
}

/** gpu.js finds a missing adapter only when the first kernel runs; asked here, the model's load says so. */
async function checkWebGpu(GPU: GpuConstructor, mode: GpuJsMode): Promise<void> {
  if (mode !== "webgpu") return;
  const { isWebGPUAvailable } = GPU as { isWebGPUAvailable?: () => Promise<boolean> };
  if (isWebGPUAvailable && !(await isWebGPUAvailable.call(GPU))) {
    throw new UnsupportedError(`gpuJs: mode "webgpu" found no adapter here; use mode "webasm" or "cpu", or device "wasm"`);
  }
}
