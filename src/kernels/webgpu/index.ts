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
import type { WebGpuOptions } from "./device.ts";
import { DeviceLender } from "./device-lender.ts";

export { WebGpuBackend } from "./backend.ts";
export type { WebGpuOptions } from "./device.ts";
export type { Counters } from "./recording.ts";

/**
 * A device that runs models by WebGPU. Its models share one GPU device and its compiled kernels; when the last of them is disposed, or the
 * GPU device is lost, the next load asks for a new one. Loading throws an UnsupportedError where there is no WebGPU, no adapter,
 * or a weight passes the adapter's limits; a lost device is an UnsupportedError of the calls that find it.
 */
export function webgpu(options: WebGpuOptions = {}): BackendDevice {
  const lender = new DeviceLender(options);
  return {
    name: "webgpu",
    createBackend: async () => {
      const { pipelines, giveBack } = await lender.borrow();
      return new WebGpuBackend(pipelines, options.weights ?? "f32", giveBack);
    },
  };
}
