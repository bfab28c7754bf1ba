/**
 * Compiled kernels of one GPU device, shared by all models on it: compiling is the slow part of a first forward.
 *
 * A bind group layout depends only on the number of buffers read, so bind groups serve every kernel that reads as many.
 */

import { ShaderStage } from "./device.ts";
import type { Kernel } from "./kernel.ts";

export interface Pipeline {
  readonly kernel: Kernel;
  readonly pipeline: GPUComputePipeline;
}

export class Pipelines {
  readonly device: GPUDevice;
  readonly #byName = new Map<string, Pipeline>();
  readonly #layouts = new Map<number, GPUBindGroupLayout>(); // by number of buffers read

  constructor(device: GPUDevice) {
    this.device = device;
  }

  /** Kernels compiled so far. */
  get size(): number {
    return this.#byName.size;
  }

  /** The kernel called `name`, made and compiled on first use. */
  get(name: string, make: () => Kernel): Pipeline {
    const known = this.#byName.get(name);
    if (known) return known;
    const kernel = make();
    const module = this.device.createShaderModule({ label: name, code: kernel.code });
    const layout = this.device.createPipelineLayout({ bindGroupLayouts: [this.layout(kernel.reads)] });
    const pipeline = this.device.createComputePipeline({ label: name, layout, compute: { module, entryPoint: "main" } });
    const made = { kernel, pipeline };
    this.#byName.set(name, made);
    return made;
  }

  layout(reads: number): GPUBindGroupLayout {
    const known = this.#layouts.get(reads);
    if (known) return known;
    const entry = (binding: number, buffer: GPUBufferBindingLayout) => ({ binding, visibility: ShaderStage.COMPUTE, buffer });
    const layout = this.device.createBindGroupLayout({
      entries: [
        entry(0, { type: "uniform", hasDynamicOffset: true }),
        ...Array.from({ length: reads }, (_, i) => entry(i + 1, { type: "read-only-storage" })),
        entry(reads + 1, { type: "storage" }),
      ],
    });
    this.#layouts.set(reads, layout);
    return layout;
  }
}
