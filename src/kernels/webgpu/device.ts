/**
 * Asking for a GPU device: an adapter, the limits that large weights need, and errors that say what to use instead.
 *
 * The default limits of WebGPU allow bindings of 128 MiB; a masked LM's decoder can be larger, so the adapter's own limit is asked for.
 * Nothing else beyond the defaults is needed: no optional feature, 16 KiB of workgroup memory, 256 invocations, 8 storage buffers.
 * Numbers of usage flags are the specification's (https://www.w3.org/TR/webgpu/#buffer-usage): their globals are absent in Node.
 */

import { UnsupportedError } from "../../errors.ts";

/** Names of the declarations: added to those of a browser's libraries or @webgpu/types; where a project has neither they stand for anything. */
declare global {
  interface GPU {}
  interface GPUBuffer {}
  interface GPUDevice {}
  interface GPUBindGroupLayout {}
  interface GPUComputePipeline {}
}

export interface WebGpuOptions {
  /** Where to ask for an adapter; default `navigator.gpu`. In Node: what the npm package `webgpu` (Dawn) creates. */
  readonly gpu?: GPU | undefined;
  readonly powerPreference?: "low-power" | "high-performance" | undefined;
  /** How float weights are stored: "f16" halves memory and traffic and rounds each weight to 11 bits; sums stay f32. Default "f32". */
  readonly weights?: "f32" | "f16" | undefined;
}

export const BufferUsage = { MAP_READ: 0x1, COPY_SRC: 0x4, COPY_DST: 0x8, UNIFORM: 0x40, STORAGE: 0x80 } as const;
export const MapMode = { READ: 0x1 } as const;
export const ShaderStage = { COMPUTE: 0x4 } as const;

const INSTEAD = `use device "wasm" or "auto" instead`;

/** @throws UnsupportedError without WebGPU, without an adapter, or where the adapter gives no device */
export async function requestDevice({ gpu = browserGpu(), powerPreference = "high-performance" }: WebGpuOptions): Promise<GPUDevice> {
  if (!gpu) {
    throw new UnsupportedError(`webgpu: this runtime has no navigator.gpu; pass one as webgpu({ gpu }) or ${INSTEAD}`);
  }
  const adapter = await gpu.requestAdapter({ powerPreference });
  if (!adapter) throw new UnsupportedError(`webgpu: no adapter found (no GPU, no driver, or blocked); ${INSTEAD}`);
  const { maxStorageBufferBindingSize, maxBufferSize } = adapter.limits;
  try {
    return await adapter.requestDevice({ requiredLimits: { maxStorageBufferBindingSize, maxBufferSize } });
  } catch (cause) {
    throw new UnsupportedError(`webgpu: the adapter gave no device (${String(cause)}); ${INSTEAD}`, { cause });
  }
}

/** @throws UnsupportedError naming the limit when a buffer of `bytes` cannot be bound */
export function checkBufferSize(device: GPUDevice, what: string, bytes: number): void {
  const { maxStorageBufferBindingSize, maxBufferSize } = device.limits;
  const limit = Math.min(maxStorageBufferBindingSize, maxBufferSize);
  if (bytes > limit) {
    const megabytes = (x: number) => `${(x / 2 ** 20).toFixed(1)} MiB`;
    throw new UnsupportedError(
      `webgpu: ${what} needs a buffer of ${megabytes(bytes)}, this device binds at most ${megabytes(limit)}; ` +
        `give smaller batches, load with dtype "w8" or webgpu({ weights: "f16" }), or ${INSTEAD}`,
    );
  }
}

function browserGpu(): GPU | undefined {
  return typeof navigator === "undefined" ? undefined : navigator.gpu;
}
