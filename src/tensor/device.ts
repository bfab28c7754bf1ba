/** An opaque device for `LoadOptions.device`: made by `webgpu()` and `gpuJs()`, which attach a way to make their backend. */
import type { Backend } from "./backend.ts";

export interface Device {
  readonly name: string;
}

/** What the engine needs of a device, behind the opaque face. */
export interface BackendDevice extends Device {
  createBackend(): Promise<Backend>;
}

export function isBackendDevice(device: Device): device is BackendDevice {
  return typeof (device as Partial<BackendDevice> | null)?.createBackend === "function";
}
