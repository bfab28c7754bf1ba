/**
 * One forward pass, recorded and then encoded at once.
 *
 * While the pass's body runs, ops only append to a list: which kernel over which buffers with which parameters. At the end everything the
 * kernels need from the CPU is uploaded in two writes (parameters, and one arena of index arrays and embedding rows), one command buffer is
 * encoded and submitted, and the results come back through one staging buffer and one map.
 *
 * Pipelines are cached by the kernel's name (pipelines.ts), bind groups by the buffers in them, so a pass that repeats a shape creates nothing.
 */

import { ShapeError } from "../../errors.ts";
import type { Mat } from "../../tensor/mat.ts";
import type { BufferPool, GpuBuffer } from "./buffer-pool.ts";
import { BufferUsage, MapMode } from "./device.ts";
import { fuseResiduals, isDispatch } from "./fuse-residual.ts";
import type { Kernel } from "./kernel.ts";
import type { Pipelines } from "./pipelines.ts";
import { UploadArena } from "./upload-arena.ts";

/** Parameters of a dispatch lie at multiples of this in the uniform buffer (WebGPU's default minUniformBufferOffsetAlignment). */
const PARAMS_BYTES = 256;
/** First sizes of the two buffers that every pass writes: room for 256 dispatches, and for 2730 tokens of 384 channels. They double when they must. */
const FIRST_UNIFORMS = 256 * PARAMS_BYTES;
const FIRST_UPLOADS = 2 ** 22;
/** Bind groups kept; beyond it the cache starts anew. Only ever-changing shapes get there. */
const MAX_BIND_GROUPS = 4096;

/** What a dispatch reads beside Mats: the pass's uploads. @internal */
export const UPLOADS = Symbol("uploads");
/** @internal */
export type Source = GpuBuffer | typeof UPLOADS;

/** @internal */
interface KernelChoice {
  /** Key of the kernel's cache. */
  readonly name: string;
  readonly make: () => Kernel;
}

/** @internal */
export interface Dispatch extends KernelChoice {
  readonly reads: readonly Source[];
  readonly out: GpuBuffer;
  readonly params: Readonly<Record<string, number>>;
  readonly workgroups: readonly [number, number, number];
  /** The same kernel with a residual in its epilogue, where out is a whole allocation: see fuse-residual.ts. */
  readonly withResidual?: KernelChoice | undefined;
}

/** Bytes of one buffer copied to another between dispatches. @internal */
export interface Copy {
  readonly source: Source;
  readonly sourceByte: number;
  readonly target: GpuBuffer;
  readonly targetByte: number;
  readonly bytes: number;
}

/** @internal */
export type Step = Dispatch | Copy;

export interface Counters {
  passes: number;
  /** Dispatches of the latest pass. */
  dispatches: number;
  /** Kernels compiled on this device, by any model. */
  pipelines: number;
  bindGroups: number;
  /** GPU buffers ever created, weights and scratch. */
  buffers: number;
}

/** @internal */
export class Recorder {
  readonly counters: Counters = { passes: 0, dispatches: 0, pipelines: 0, bindGroups: 0, buffers: 0 };
  readonly uploads = new UploadArena();
  readonly #device: GPUDevice;
  readonly #pipelines: Pipelines;
  readonly #pool: BufferPool;
  readonly #bindGroups = new Map<string, GPUBindGroup>();
  readonly #idleStaging: GpuBuffer[] = [];
  #steps: Step[] = [];
  #params = new DataView(new ArrayBuffer(64 * PARAMS_BYTES));
  #uniforms: GpuBuffer | undefined;
  #arena: GpuBuffer | undefined;

  constructor(pipelines: Pipelines, pool: BufferPool) {
    this.#device = pipelines.device;
    this.#pipelines = pipelines;
    this.#pool = pool;
  }

  /** Forgets what was recorded: the start of a pass, also after one whose body threw. */
  begin(): void {
    this.#steps = [];
    this.uploads.clear();
  }

  add(step: Step): void {
    this.#steps.push(step);
  }

  /** Submits what was recorded and reads the dense Mats `results` back. */
  async submit(results: readonly Mat[]): Promise<Float32Array[]> {
    const device = this.#device;
    const steps = fuseResiduals(this.#steps, new Set(results.map(({ storage }) => storage as GpuBuffer)));
    const dispatches = steps.filter(isDispatch);
    dispatches.forEach((dispatch, i) => {
      this.#writeParams(dispatch, i * PARAMS_BYTES);
    });
    this.#upload(dispatches.length * PARAMS_BYTES);
    const encoder = device.createCommandEncoder();
    this.#encode(encoder, steps);
    const sizes = results.map(({ rows, cols }) => rows * cols * 4);
    const total = sizes.reduce((sum, bytes) => sum + bytes, 0);
    const staging = this.#takeStaging(total);
    let at = 0;
    results.forEach((mat, i) => {
      if (sizes[i]! > 0) encoder.copyBufferToBuffer((mat.storage as GpuBuffer).buffer, mat.offset * 4, staging.buffer, at, sizes[i]!);
      at += sizes[i]!;
    });
    device.queue.submit([encoder.finish()]);
    this.counters.passes++;
    this.counters.dispatches = dispatches.length;
    this.counters.pipelines = this.#pipelines.size;
    this.counters.buffers = this.#pool.created;
    await staging.buffer.mapAsync(MapMode.READ, 0, Math.max(4, total));
    const all = new Float32Array(staging.buffer.getMappedRange(0, Math.max(4, total)));
    at = 0;
    const copies = sizes.map((bytes) => {
      const copy = all.slice(at / 4, (at + bytes) / 4);
      at += bytes;
      return copy;
    });
    staging.buffer.unmap();
    this.#idleStaging.push(staging);
    return copies;
  }

  #writeParams({ name, make, params: values }: Dispatch, start: number): void {
    if (start + PARAMS_BYTES > this.#params.byteLength) {
      const larger = new Uint8Array(this.#params.byteLength * 2);
      larger.set(new Uint8Array(this.#params.buffer));
      this.#params = new DataView(larger.buffer);
    }
    this.#pipelines.get(name, make).kernel.params.forEach(([param, type], i) => {
      const value = values[param];
      if (value === undefined) throw new ShapeError(`webgpu: "${name}" was given no parameter ${param}`);
      if (type === "f32") this.#params.setFloat32(start + i * 4, value, true);
      else this.#params.setUint32(start + i * 4, value, true);
    });
  }

  #upload(bytes: number): void {
    this.#uniforms = this.#atLeast(this.#uniforms, "uniforms", Math.max(FIRST_UNIFORMS, bytes), BufferUsage.UNIFORM | BufferUsage.COPY_DST);
    this.#device.queue.writeBuffer(this.#uniforms.buffer, 0, this.#params.buffer, 0, bytes);
    const usage = BufferUsage.STORAGE | BufferUsage.COPY_SRC | BufferUsage.COPY_DST;
    this.#arena = this.#atLeast(this.#arena, "uploads", Math.max(FIRST_UPLOADS, this.uploads.bytes), usage);
    if (this.uploads.bytes > 0) this.#device.queue.writeBuffer(this.#arena.buffer, 0, this.uploads.buffer, 0, this.uploads.bytes);
  }

  /** `buffer` if it holds `bytes`, else one of the next power of two in its place. */
  #atLeast(buffer: GpuBuffer | undefined, what: string, bytes: number, usage: number): GpuBuffer {
    if (buffer && buffer.size >= bytes) return buffer;
    if (buffer) {
      this.#pool.destroy(buffer);
      this.#bindGroups.clear(); // they hold the old buffer
    }
    return this.#pool.create(what, 2 ** Math.ceil(Math.log2(bytes)), usage);
  }

  #encode(encoder: GPUCommandEncoder, steps: readonly Step[]): void {
    let pass: GPUComputePassEncoder | undefined;
    let at = 0;
    for (const step of steps) {
      if (isDispatch(step)) {
        pass ??= encoder.beginComputePass();
        pass.setPipeline(this.#pipelines.get(step.name, step.make).pipeline);
        pass.setBindGroup(0, this.#bindGroup(step), [at]);
        pass.dispatchWorkgroups(...step.workgroups);
        at += PARAMS_BYTES;
      } else {
        pass?.end();
        pass = undefined;
        const { source, sourceByte, target, targetByte, bytes } = step;
        encoder.copyBufferToBuffer(this.#bufferOf(source).buffer, sourceByte, target.buffer, targetByte, bytes);
      }
    }
    pass?.end();
  }

  #bindGroup({ reads, out }: Dispatch): GPUBindGroup {
    const buffers = [...reads.map((read) => this.#bufferOf(read)), out];
    const key = buffers.map(({ id }) => id).join(" ");
    let group = this.#bindGroups.get(key);
    if (!group) {
      if (this.#bindGroups.size >= MAX_BIND_GROUPS) this.#bindGroups.clear();
      group = this.#device.createBindGroup({
        layout: this.#pipelines.layout(reads.length),
        entries: [
          { binding: 0, resource: { buffer: this.#uniforms!.buffer, size: PARAMS_BYTES } },
          ...buffers.map(({ buffer }, i) => ({ binding: i + 1, resource: { buffer } })),
        ],
      });
      this.#bindGroups.set(key, group);
      this.counters.bindGroups++;
    }
    return group;
  }

  #bufferOf(source: Source): GpuBuffer {
    return source === UPLOADS ? this.#arena! : source;
  }

  /** A mappable buffer of at least `bytes`; passes that overlap get one each. */
  #takeStaging(bytes: number): GpuBuffer {
    const at = this.#idleStaging.findIndex(({ size }) => size >= bytes);
    if (at >= 0) return this.#idleStaging.splice(at, 1)[0]!;
    for (const small of this.#idleStaging.splice(0)) this.#pool.destroy(small);
    const size = Math.max(PARAMS_BYTES, 2 ** Math.ceil(Math.log2(Math.max(1, bytes))));
    return this.#pool.create("staging", size, BufferUsage.MAP_READ | BufferUsage.COPY_DST);
  }
}
