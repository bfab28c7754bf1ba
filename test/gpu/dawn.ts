/**
 * WebGPU in Node: Dawn from the npm package `webgpu`, on whatever Vulkan driver VK_DRIVER_FILES names.
 * run.mjs points it at the SwiftShader that Chromium brings, a GPU in software: slow, exact enough, present everywhere.
 */

import { create } from "webgpu";

let gpu: GPU | undefined;

export function dawn(): GPU {
  gpu ??= create([]) as unknown as GPU;
  return gpu;
}
