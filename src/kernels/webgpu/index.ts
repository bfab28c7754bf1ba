/**
 * "hummingbert/webgpu": the engine on a GPU through WebGPU, with kernels written in WGSL.
 *
 *   import { webgpu } from "hummingbert/webgpu";
 *   const encoder = await SentenceEncoder.load(undefined, { device: webgpu() });
 *
 * In a browser or Deno `navigator.gpu` is used. In Node: `import { create } from "webgpu"` (Dawn) and `webgpu({ gpu: create([]) })`.
 */

import type { BackendDevice } from "../../tensor/device.ts";
import { WebGpuBackend } from "./backend.ts";
import { requestDevice, type WebGpuOptions } from "./device.ts";

export { WebGpuBackend } from "./backend.ts";
export type { WebGpuOptions } from "./device.ts";
export type { Counters } from "./recording.ts";

/**
 * A device that runs models by WebGPU. Each model gets a GPU device of its own, so a lost one does not touch the others.
 * Loading throws an UnsupportedError where there is no WebGPU, no adapter, or a weight passes the adapter's limits.
 */
export function webgpu(options: WebGpuOptions = {}): BackendDevice {
  return {
    name: "webgpu",
    createBackend: async () => new WebGpuBackend(await requestDevice(options), options.weights),
  };
}
