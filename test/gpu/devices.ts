/** The devices under test in Node, each with its name. */

import { GPU } from "gpu.js";
import { gpuJs } from "../../src/kernels/gpujs/index.ts";
import { webgpu } from "../../src/kernels/webgpu/index.ts";
import type { BackendDevice } from "../../src/tensor/device.ts";
import { dawn } from "./dawn.ts";

export const DEVICES: readonly (readonly [name: string, device: BackendDevice])[] = [
  ["gpu.js cpu", gpuJs(GPU, { mode: "cpu" })],
  ["gpu.js webasm", gpuJs(GPU, { mode: "webasm" })],
  ["webgpu f32 (Dawn)", webgpu({ gpu: dawn() })],
];

/** A device by the name that bench/main.ts has for it. */
export function deviceNamed(name: string): BackendDevice {
  const [, device] = DEVICES.find(([known]) => known.replace("gpu.js ", "gpujs-").startsWith(name)) ?? [];
  if (!device) throw new Error(`no device is called ${name}`);
  return device;
}
