/**
 * WebGpuBackend: the contract's ops as WGSL dispatches.
 *
 * An op records a dispatch (recording.ts); the arithmetic is in shaders/. A Mat's storage is a pooled GPU buffer of its own.
 * Fused here: projection with bias and activation, layer norm of a sum, attention with its softmax, the sum of embedding lookups.
 * Embedding rows are decoded and added on the CPU, in f32 and in the lookups' order, and uploaded as [T, C]: tables never reach the GPU.
 * A post-norm encoder layer is 7 dispatches.
 */

import { DisposedError, ShapeError, UnsupportedError } from "../../errors.ts";
import type { Activation } from "../../tensor/activations.ts";
import type { AttentionOptions } from "../../tensor/attention.ts";
import { Backend, type Lookup, type Norm, type PoolMode, type Rotary } from "../../tensor/backend.ts";
import { Mat } from "../../tensor/mat.ts";
import type { Sequences } from "../../tensor/sequences.ts";
import { checkWeight, decodeRow } from "../../tensor/weight-rows.ts";
import type { Linear, Table, WeightMatrix } from "../../tensor/weights.ts";
import { recordAttention } from "./attention.ts";
import { BufferPool, type GpuBuffer } from "./buffer-pool.ts";
import { BufferUsage } from "./device.ts";
import { type Kernel, spread } from "./kernel.ts";
import { type GpuLinear, uploadLinear } from "./linear.ts";
import type { Pipelines } from "./pipelines.ts";
import { type Counters, Recorder, type Source, UPLOADS } from "./recording.ts";
import { activateKernel, ELEMENT_THREADS, ELEMENTWISE, poolKernel } from "./shaders/elements.ts";
import { type MatmulShape, matmulKernel, matmulName, TILE_N, tileM } from "./shaders/matmul.ts";
import { layerNormKernel, layerNormName, normalizeKernel, softmaxKernel, softmaxName } from "./shaders/rows.ts";

/** Below this many tiles of 64 rows most of a GPU would idle: tiles of 16 rows instead. */
const FEW_TILES = 64;

/** What a kernel reads by name: a Mat (its offset and stride become parameters), or a bare buffer. */
export type Reads = Readonly<Record<string, Mat | Source>>;
type Workgroups = readonly [number, number, number];

export class WebGpuBackend extends Backend {
  readonly name: string = "webgpu";
  readonly level: string;
  readonly #device: GPUDevice;
  readonly #pool: BufferPool;
  readonly #recorder: Recorder;
  readonly #floats: "f32" | "f16";
  readonly #frames: GpuBuffer[][] = [];
  readonly #release: () => void;
  readonly #onError = (event: GPUUncapturedErrorEvent): void => {
    event.preventDefault();
    this.#fault ??= `the GPU reported: ${event.error.message}`;
  };
  #isDisposed = false;
  #fault: string | undefined;

  /** @param release called once, on dispose: the device may be shared with other models */
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
    return new Mat(buffer, 0, rows, cols);
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
    if (data.length !== rows * cols) throw new ShapeError(`constant: [${rows}, ${cols}] needs ${rows * cols} values, got ${data.length}`);
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

  protected override get blockRows(): number {
    return Number.POSITIVE_INFINITY;
  }

  #assertUsable(): void {
    if (this.#isDisposed) throw new DisposedError("pass: this backend has been disposed; load the model again");
    if (this.#fault) throw new UnsupportedError(`webgpu: ${this.#fault}; load the model again, or use device "wasm"`);
  }

  /** `mat` itself, or a copy without gaps between its rows. */
  #dense(mat: Mat): Mat {
    if (mat.stride === mat.cols || mat.rows <= 1) return mat;
    const copy = this.alloc(mat.rows, mat.cols);
    this.#elements("copy", ELEMENTWISE.copy, { x: mat }, copy);
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
  /** Records one dispatch: offsets and strides of the Mats in `reads` and of `out` join `params`. */
  record(name: string, make: () => Kernel, reads: Reads, out: Mat, params: Readonly<Record<string, number>>, workgroups: Workgroups): void {
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
    this.#recorder.dispatch(name, make, sources, target, all, workgroups);
  }

  get uploads(): Recorder["uploads"] {
    return this.#recorder.uploads;
  }

  /** A view of an input may lie in out's buffer, but a dispatch may not bind one buffer for both: it reads a copy. */
  #copyOf(buffer: GpuBuffer): GpuBuffer {
    const copy = this.alloc(1, buffer.size / 4).storage as GpuBuffer;
    this.#recorder.copy(buffer, 0, copy, 0, buffer.size);
    return copy;
  }

  #elements(name: string, make: () => Kernel, reads: Reads, out: Mat, params: Readonly<Record<string, number>> = {}): void {
    const { rows, cols } = out;
    this.record(name, make, reads, out, { ...params, rows, cols }, spread(Math.ceil((rows * cols) / ELEMENT_THREADS)));
  }

  #rows(name: string, make: () => Kernel, reads: Reads, out: Mat, params: Readonly<Record<string, number>> = {}): void {
    const { rows, cols } = out;
    this.record(name, make, reads, out, { ...params, rows, cols }, spread(rows));
  }

  #matmul(
    operand: MatmulShape["operand"],
    reads: Reads,
    out: Mat,
    params: Readonly<Record<string, number>>,
    activation?: Activation,
  ): void {
    const columns = Math.ceil(out.cols / TILE_N);
    const rows = Math.ceil(out.rows / tileM(4)) * columns < FEW_TILES ? 1 : 4;
    const shape: MatmulShape = { operand, rows, activation };
    const workgroups = [columns, Math.ceil(out.rows / tileM(rows)), 1] as const;
    this.record(matmulName(shape), () => matmulKernel(shape), reads, out, { ...params, M: out.rows, N: out.cols }, workgroups);
  }

  // ------------------------------------------------------------ primitives
  protected computeGather(out: Mat, table: Table, indices: Int32Array): void {
    this.computeEmbed(out, [{ table, indices }]);
  }
  protected computeTake(out: Mat, x: Mat, indices: Int32Array): void {
    this.#elements("take", ELEMENTWISE.take, { x, index: UPLOADS }, out, { indices: this.uploads.ints(indices) });
  }
  protected computeProject(out: Mat, x: Mat, linear: Linear): void {
    this.#project(out, x, linear as GpuLinear);
  }
  protected override computeProjectActivate(out: Mat, x: Mat, linear: Linear, activation: Activation): void {
    this.#project(out, x, linear as GpuLinear, activation);
  }
  #project(out: Mat, x: Mat, { operand, weight, channels, K, k4 }: GpuLinear, activation?: Activation): void {
    this.#matmul(operand, { x, w: weight, channels }, out, { K, k4 }, activation);
  }
  protected computeMatmul(out: Mat, a: Mat, b: Mat, transposeB: boolean): void {
    this.#matmul(transposeB ? "matT" : "mat", { x: a, w: b }, out, { K: a.cols });
  }
  protected computeAdd(out: Mat, a: Mat, b: Mat): void {
    this.#elements("add", ELEMENTWISE.add, { a, b }, out);
  }
  protected computeMultiply(out: Mat, a: Mat, b: Mat): void {
    this.#elements("multiply", ELEMENTWISE.multiply, { a, b }, out);
  }
  protected computeScale(out: Mat, x: Mat, factor: number): void {
    this.#elements("scale", ELEMENTWISE.scale, { x }, out, { factor });
  }
  protected computeScaleShift(out: Mat, x: Mat, gain: Mat, shift: Mat): void {
    this.#elements("scaleShift", ELEMENTWISE.scaleShift, { x, gain: everyRow(gain), shift: everyRow(shift) }, out);
  }
  protected computeActivate(out: Mat, x: Mat, activation: Activation): void {
    this.#elements(`activate ${activation}`, () => activateKernel(activation), { x }, out);
  }
  protected computeLayerNorm(out: Mat, x: Mat, norm: Norm): void {
    this.#layerNorm(out, { x }, norm);
  }
  protected override computeAddLayerNorm(out: Mat, a: Mat, b: Mat, norm: Norm): void {
    this.#layerNorm(out, { x: a, b }, norm);
  }
  #layerNorm(out: Mat, inputs: Reads, { gamma, beta, eps }: Norm): void {
    const shape = { residual: "b" in inputs, beta: beta !== undefined };
    this.#rows(layerNormName(shape), () => layerNormKernel(shape), { ...inputs, gamma, ...(beta && { beta }) }, out, { eps });
  }
  protected computeSoftmax(out: Mat, x: Mat, window: number): void {
    const windowed = window < x.cols;
    this.#rows(softmaxName(windowed), () => softmaxKernel(windowed), { x }, out, { window: windowed ? window : 0 });
  }
  protected computeRotate(out: Mat, x: Mat, { cos, sin, positions }: Rotary): void {
    const start = this.uploads.shared(positions, "positions", () => positions);
    this.#elements("rotate", ELEMENTWISE.rotate, { x, cosines: cos, sines: sin, index: UPLOADS }, out, {
      positions: start,
      half: cos.cols,
    });
  }
  protected computePool(out: Mat, x: Mat, sequences: Sequences, mode: PoolMode): void {
    const starts = this.uploads.shared(sequences, "starts", () => sequences.cuSeqlens);
    this.#elements(`pool ${mode}`, () => poolKernel(mode), { x, index: UPLOADS }, out, { starts });
  }
  protected computeNormalize(out: Mat, x: Mat): void {
    this.#rows("normalize", normalizeKernel, { x }, out);
  }

  // ------------------------------------------------------------ fused ops
  protected override computeEmbed(out: Mat, lookups: readonly Lookup[]): void {
    const { rows, cols } = out;
    const start = this.uploads.floats(rows * cols, (sum) => addLookups(sum, lookups, cols));
    if (out.stride === cols) this.#recorder.copy(UPLOADS, start * 4, out.storage as GpuBuffer, out.offset * 4, rows * cols * 4);
    else this.#elements("copy", ELEMENTWISE.copy, { x: UPLOADS }, out, { x_offset: start, x_stride: cols });
  }
  protected override computeAttention(out: Mat, q: Mat, k: Mat, v: Mat, sequences: Sequences, options: AttentionOptions): void {
    if (!recordAttention(this, out, q, k, v, sequences, options)) super.computeAttention(out, q, k, v, sequences, options);
  }
}

/** A [1, C] Mat read as if it had a row for every row of the output. */
function everyRow(x: Mat): Mat {
  return new Mat(x.storage, x.offset, x.rows, x.cols, 0);
}

/** sum [T, C] = the lookups' rows, added in order; -1 is a zero row. */
function addLookups(sum: Float32Array, lookups: readonly Lookup[], cols: number): void {
  const row = new Float32Array(cols);
  lookups.forEach(({ table, indices }, i) => {
    for (let t = 0; t < indices.length; t++) {
      const index = indices[t]!;
      if (i === 0) {
        if (index === -1) sum.fill(0, t * cols, (t + 1) * cols);
        else decodeRow(table as WeightMatrix, index, sum, t * cols);
        continue;
      }
      if (index === -1) continue;
      decodeRow(table as WeightMatrix, index, row, 0);
      for (let c = 0; c < cols; c++) sum[t * cols + c]! += row[c]!;
    }
  });
}
