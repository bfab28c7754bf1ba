/**
 * Scratch buffers, reused by size.
 *
 * A Mat's storage is a GpuBuffer of its own, because one dispatch may not bind a buffer for reading and writing (WebGPU, usage scopes),
 * which rules out one arena. Sizes are rounded to classes (1, 1.5, 2, 3, 4, 6, ... times 256 bytes), at most half of a buffer is unused.
 * A request takes the free buffer with the lowest id of its class. So a pass that repeats a shape gets the very same buffers
 * in the same order, whatever ran between: nothing is created, and the bind groups over them, cached by id, are found again.
 */

import { BufferUsage, checkBufferSize } from "./device.ts";

/** A GPU buffer with a number, by which bind groups over it are cached. */
export interface GpuBuffer {
  readonly id: number;
  readonly buffer: GPUBuffer;
  readonly size: number;
}

const SCRATCH = BufferUsage.STORAGE | BufferUsage.COPY_SRC | BufferUsage.COPY_DST;

export class BufferPool {
  readonly #device: GPUDevice;
  readonly #free = new Map<number, GpuBuffer[]>(); // by class, each sorted by descending id: pop() gives the lowest
  readonly #all = new Set<GpuBuffer>();
  #nextId = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Buffers created so far, for the test that a repeated shape creates none. */
  get created(): number {
    return this.#nextId;
  }

  /** Bytes held, in use or free. */
  get bytes(): number {
    let sum = 0;
    for (const { size } of this.#all) sum += size;
    return sum;
  }

  take(bytes: number): GpuBuffer {
    const size = sizeClass(bytes);
    return this.#free.get(size)?.pop() ?? this.create("scratch", size, SCRATCH);
  }

  give(buffer: GpuBuffer): void {
    const free = this.#free.get(buffer.size);
    if (!free) {
      this.#free.set(buffer.size, [buffer]);
      return;
    }
    let at = free.length;
    while (at > 0 && free[at - 1]!.id < buffer.id) at--;
    free.splice(at, 0, buffer);
  }

  /** A buffer outside the classes (weights, uniforms), freed with the pool or by `destroy`. @throws UnsupportedError beyond the device's limit */
  create(what: string, size: number, usage: number): GpuBuffer {
    checkBufferSize(this.#device, what, size);
    const buffer = this.#device.createBuffer({ label: what, size, usage });
    const made = { id: this.#nextId++, buffer, size };
    this.#all.add(made);
    return made;
  }

  destroy(buffer: GpuBuffer): void {
    this.#all.delete(buffer);
    buffer.buffer.destroy();
  }

  dispose(): void {
    for (const { buffer } of this.#all) buffer.destroy();
    this.#all.clear();
    this.#free.clear();
  }
}

/** The smallest of 256, 384, 512, 768, 1024, ... that holds `bytes`. */
export function sizeClass(bytes: number): number {
  let size = 256;
  while (size < bytes) size *= 2;
  return size > 256 && (size / 4) * 3 >= bytes ? (size / 4) * 3 : size;
}
