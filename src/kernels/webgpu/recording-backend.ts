/**
 * The half of the WebGPU backend that is not arithmetic: scratch, passes, weights, faults of the device, and recording dispatches over Mats.
 *
 * A Mat's storage is a pooled GPU buffer of its own (buffer-pool.ts); a pass is recorded and then submitted at once (recording.ts).
 */

import { DisposedError, ShapeError, UnsupportedError } from "../../errors.ts";
import { Backend } from "../../tensor/backend.ts";
import { expectLength } from "../../tensor/checks.ts";
import { Mat } from "../../tensor/mat.ts";
import { checkWeight } from "../../tensor/weight-rows.ts";
import type { Linear, Table, WeightMatrix } from "../../tensor/weights.ts";
import { BufferPool, type GpuBuffer } from "./buffer-pool.ts";
import { BufferUsage } from "./device.ts";
import type { Kernel } from "./kernel.ts";
import { uploadLinear } from "./linear.ts";
import type { Pipelines } from "./pipelines.ts";
import { type Counters, type Dispatch, Recorder, type Source } from "./recording.ts";

/** What a kernel reads by name: a Mat (its offset and stride become parameters), or a bare buffer. @internal */
export type Reads = Readonly<Record<string, Mat | Source>>;
/** @internal */
export type Workgroups = readonly [number, number, number];

export abstract class RecordingBackend extends Backend {
  readonly name: string = "webgpu";
  readonly level: string;
  readonly #device: GPUDevice;
  readonly #pool: BufferPool;
  readonly #recorder: Recorder;
  readonly #floats: "f32" | "f16";
  readonly #frames: GpuBuffer[][] = [];
  /** The Mats that are an allocation of their own, not a view of one. */
  readonly #whole = new WeakSet<Mat>();
  readonly #release: () => void;
  readonly #onError = (event: GPUUncapturedErrorEvent): void => {
    event.preventDefault();
    this.#fault ??= `the GPU reported: ${event.error.message}`;
  };
  #isDisposed = false;
  #fault: string | undefined;

  /** @param release called once, on dispose: the device may be shared with other models @internal */
  constructor(pipelines: Pipelines, floats: "f32" | "f16", release: () => void) {
    super();
    const { device } = pipelines;
    this.#device = device;
    this.#release = release;
    this.#floats = floats;
    this.level = floats === "f16" ? "webgpu-f16-weights" : "webgpu-f32";
    this.#pool = new BufferPool(device);
    this.#recorder = new Recorder(pipelines, this.#pool);
    device.lost.then(({ reason, message }) => {
      if (!this.#isDisposed) this.#fault = `the GPU device was lost (${reason}: ${message})`;
    });
    device.addEventListener("uncapturederror", this.#onError);
  }

  /** What has been made so far; tests assert that a repeated shape makes nothing. */
  get counters(): Readonly<Counters> {
    return this.#recorder.counters;
  }

  /** Bytes of GPU memory held, weights and scratch. */
  get bytes(): number {
    return this.#pool.bytes;
  }

  // ------------------------------------------------------------ memory
  alloc(rows: number, cols: number): Mat {
    const frame = this.#frames.at(-1);
    if (!frame) throw new ShapeError("alloc: scratch exists only inside a pass; use constant() for what lives longer");
    const buffer = this.#pool.take(rows * cols * 4);
    frame.push(buffer);
    const mat = new Mat(buffer, 0, rows, cols);
    this.#whole.add(mat);
    return mat;
  }

  frame<R>(body: () => R): R {
    const taken: GpuBuffer[] = [];
    this.#frames.push(taken);
    try {
      return body();
    } finally {
      this.#frames.pop();
      for (const buffer of taken) this.#pool.give(buffer);
    }
  }

  constant(data: Float32Array, rows: number, cols: number): Mat {
    expectLength("constant", data, rows, cols);
    const usage = BufferUsage.STORAGE | BufferUsage.COPY_SRC | BufferUsage.COPY_DST;
    const buffer = this.#pool.create("constant", Math.max(16, data.byteLength), usage);
    this.#device.queue.writeBuffer(buffer.buffer, 0, data as Float32Array<ArrayBuffer>);
    return new Mat(buffer, 0, rows, cols);
  }

  async pass(body: () => readonly Mat[]): Promise<Float32Array[]> {
    this.#assertUsable();
    const device = this.#device;
    device.pushErrorScope("out-of-memory");
    device.pushErrorScope("validation");
    let results: Promise<Float32Array[]>;
    try {
      this.#recorder.begin();
      results = this.frame(() => this.#recorder.submit(body().map((mat) => this.#dense(mat))));
    } catch (error) {
      results = Promise.reject(error);
    }
    const scopes = [device.popErrorScope(), device.popErrorScope()];
    const [outcome, ...errors] = await Promise.allSettled([results, ...scopes]);
    this.#assertUsable();
    for (const error of errors) {
      if (error.status === "fulfilled" && error.value)
        throw new UnsupportedError(`webgpu: the GPU refused the pass: ${error.value.message}`);
    }
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value;
  }

  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#device.removeEventListener("uncapturederror", this.#onError);
    this.#pool.dispose();
    this.#release();
  }

  #assertUsable(): void {
    if (this.#isDisposed) throw new DisposedError("pass: this backend has been disposed; load the model again");
    if (this.#fault) throw new UnsupportedError(`webgpu: ${this.#fault}; load the model again, or use device "wasm"`);
  }

  /** A copy of `x` without gaps between its rows. @internal */
  protected abstract copyRows(out: Mat, x: Mat): void;

  /** `mat` itself, or a copy without gaps between its rows. */
  #dense(mat: Mat): Mat {
    if (mat.stride === mat.cols || mat.rows <= 1) return mat;
    const copy = this.alloc(mat.rows, mat.cols);
    this.copyRows(copy, mat);
    return copy;
  }

  // ------------------------------------------------------------ weights
  linear(weights: readonly WeightMatrix[], bias?: Float32Array): Linear {
    return uploadLinear(this.#device, this.#pool, weights, bias, this.#floats);
  }
  /** The handle of a table is the weight itself, in host memory. */
  table(weight: WeightMatrix): Table {
    checkWeight(weight);
    return weight;
  }

  // ------------------------------------------------------------ recording
  /** Records one dispatch: offsets and strides of the Mats in `reads` and of `out` join `params`. @internal */
  record(
    name: string,
    make: () => Kernel,
    reads: Reads,
    out: Mat,
    params: Readonly<Record<string, number>>,
    workgroups: Workgroups,
    withResidual?: Dispatch["withResidual"],
  ): void {
    if (workgroups.includes(0)) return;
    const all: Record<string, number> = { ...params, out_offset: out.offset, out_stride: out.stride };
    const target = out.storage as GpuBuffer;
    const sources: Source[] = [];
    for (const [read, x] of Object.entries(reads)) {
      if (x instanceof Mat) {
        all[`${read}_offset`] = x.offset;
        all[`${read}_stride`] = x.stride;
        sources.push(x.storage === target ? this.#copyOf(target) : (x.storage as GpuBuffer));
      } else sources.push(x);
    }
    this.#recorder.add({ name, make, reads: sources, out: target, params: all, workgroups, withResidual });
  }

  /** Whether `mat` is an allocation of its own, not a view of one. @internal */
  protected isWhole(mat: Mat): boolean {
    return this.#whole.has(mat);
  }

  /** @internal */
  protected get recorder(): Recorder {
    return this.#recorder;
  }

  /** @internal */
  get uploads(): Recorder["uploads"] {
    return this.#recorder.uploads;
  }

  /** A view of an input may lie in out's buffer, but a dispatch may not bind one buffer for both: it reads a copy. */
  #copyOf(buffer: GpuBuffer): GpuBuffer {
    const copy = this.alloc(1, buffer.size / 4).storage as GpuBuffer;
    this.#recorder.add({ source: buffer, sourceByte: 0, target: copy, targetByte: 0, bytes: buffer.size });
    return copy;
  }
}
