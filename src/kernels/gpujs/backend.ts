/**
 * GpuJsBackend: the contract's ops as gpu.js kernels, one op a file beside the reference's file of the same name.
 *
 * A Mat lives in a Float32Array, as in the reference. During a pass ops are only queued; afterwards they run one after another,
 * awaited each, because gpu.js answers with promises in its webgpu mode. Every op's result returns to the CPU (attention's inner steps
 * excepted): this backend is for reading and for checking gpu.js itself, webgpu/ is for speed.
 */

import { DisposedError } from "../../errors.ts";
import type { Activation } from "../../tensor/activations.ts";
import type { AttentionOptions } from "../../tensor/attention.ts";
import { Backend, type Norm, type PoolMode } from "../../tensor/backend.ts";
import { expectLength } from "../../tensor/checks.ts";
import { copyOf, floatsOf, hostMat } from "../../tensor/host-mat.ts";
import type { Mat } from "../../tensor/mat.ts";
import type { Rotary } from "../../tensor/rotate.ts";
import type { Sequences } from "../../tensor/sequences.ts";
import { checkWeight } from "../../tensor/weight-rows.ts";
import type { Linear, Table, WeightMatrix } from "../../tensor/weights.ts";
import { activate } from "./activate.ts";
import { add } from "./add.ts";
import { attend } from "./attention.ts";
import { gather } from "./gather.ts";
import type { GpuKernels, Matrix } from "./gpu.ts";
import { layerNorm } from "./layer-norm.ts";
import { type GpuJsLinear, gpuJsLinear } from "./linear.ts";
import { matmul } from "./matmul.ts";
import { multiply } from "./multiply.ts";
import { normalize } from "./normalize.ts";
import { pool } from "./pool.ts";
import { project } from "./project.ts";
import { rotate } from "./rotate.ts";
import { scale } from "./scale.ts";
import { scaleShift } from "./scale-shift.ts";
import { softmax } from "./softmax.ts";
import { take } from "./take.ts";

export class GpuJsBackend extends Backend {
  readonly name: string = "gpu.js";
  readonly level: string;
  readonly #gpu: GpuKernels;
  #queued: (() => Promise<void>)[] = [];
  #previous: Promise<unknown> = Promise.resolve();
  #isDisposed = false;

  constructor(gpu: GpuKernels, mode: string) {
    super();
    this.#gpu = gpu;
    this.level = `gpu.js-${mode}`;
  }

  /** Kernels that gpu.js ran in another mode than asked for; see GpuKernels. */
  get fallbacks(): readonly string[] {
    return [...this.#gpu.fallbacks];
  }

  // ------------------------------------------------------------ memory
  alloc(rows: number, cols: number): Mat {
    return hostMat(new Float32Array(rows * cols), rows, cols);
  }
  /** Scratch is garbage collected. */
  frame<R>(body: () => R): R {
    return body();
  }
  constant(data: Float32Array, rows: number, cols: number): Mat {
    expectLength("constant", data, rows, cols);
    return hostMat(data.slice(), rows, cols);
  }
  async pass(body: () => readonly Mat[]): Promise<Float32Array[]> {
    this.#assertUsable();
    this.#queued = [];
    const results = body();
    const steps = this.#queued;
    // One pass at a time: a kernel's output size is set just before its call.
    const run = this.#previous.then(async () => {
      for (const step of steps) {
        this.#assertUsable();
        await step();
      }
      return results.map(copyOf);
    });
    this.#previous = run.catch(() => {});
    return run;
  }
  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#gpu.dispose();
  }
  protected override get blockRows(): number {
    return Number.POSITIVE_INFINITY;
  }
  #assertUsable(): void {
    if (this.#isDisposed) throw new DisposedError("pass: this backend has been disposed; load the model again");
  }

  // ------------------------------------------------------------ weights
  linear(weights: readonly WeightMatrix[], bias?: Float32Array): Linear {
    return gpuJsLinear(weights, bias);
  }
  /** The handle of a table is the weight itself. */
  table(weight: WeightMatrix): Table {
    checkWeight(weight);
    return weight;
  }

  /** Queues `op`, whose rows become out's. Nothing is queued for an empty output: gpu.js has no empty kernel. */
  #into(out: Mat, op: (gpu: GpuKernels) => Promise<Matrix>): void {
    if (out.rows === 0 || out.cols === 0) return;
    this.#queued.push(async () => store(out, await op(this.#gpu)));
  }

  // ------------------------------------------------------------ primitives
  protected computeGather(out: Mat, table: Table, indices: Int32Array): void {
    this.#into(out, (gpu) => gather(gpu, table as WeightMatrix, indices));
  }
  protected computeTake(out: Mat, x: Mat, indices: Int32Array): void {
    this.#into(out, (gpu) => take(gpu, rowsOf(x), indices));
  }
  protected computeProject(out: Mat, x: Mat, linear: Linear): void {
    const { weight, bias } = linear as GpuJsLinear;
    this.#into(out, (gpu) => project(gpu, rowsOf(x), weight, bias));
  }
  protected computeMatmul(out: Mat, a: Mat, b: Mat, transposeB: boolean): void {
    this.#into(out, (gpu) => matmul(gpu, rowsOf(a), rowsOf(b), transposeB));
  }
  protected computeAdd(out: Mat, a: Mat, b: Mat): void {
    this.#into(out, (gpu) => add(gpu, rowsOf(a), rowsOf(b)));
  }
  protected computeMultiply(out: Mat, a: Mat, b: Mat): void {
    this.#into(out, (gpu) => multiply(gpu, rowsOf(a), rowsOf(b)));
  }
  protected computeScale(out: Mat, x: Mat, factor: number): void {
    this.#into(out, (gpu) => scale(gpu, rowsOf(x), factor));
  }
  protected computeScaleShift(out: Mat, x: Mat, gain: Mat, shift: Mat): void {
    this.#into(out, (gpu) => scaleShift(gpu, rowsOf(x), rowsOf(gain)[0]!, rowsOf(shift)[0]!));
  }
  protected computeActivate(out: Mat, x: Mat, activation: Activation): void {
    this.#into(out, (gpu) => activate(gpu, rowsOf(x), activation));
  }
  protected computeLayerNorm(out: Mat, x: Mat, { gamma, beta, eps }: Norm): void {
    this.#into(out, (gpu) => layerNorm(gpu, rowsOf(x), rowsOf(gamma)[0]!, beta && rowsOf(beta)[0]!, eps));
  }
  protected computeSoftmax(out: Mat, x: Mat, window: number): void {
    this.#into(out, (gpu) => softmax(gpu, rowsOf(x), window));
  }
  protected override computeRotate(out: Mat, x: Mat, { cos, sin, positions }: Rotary): void {
    this.#into(out, (gpu) => rotate(gpu, rowsOf(x), rowsOf(cos), rowsOf(sin), positions));
  }
  protected computePool(out: Mat, x: Mat, sequences: Sequences, mode: PoolMode): void {
    this.#into(out, (gpu) => pool(gpu, rowsOf(x), sequences, mode));
  }
  protected computeNormalize(out: Mat, x: Mat): void {
    this.#into(out, (gpu) => normalize(gpu, rowsOf(x)));
  }

  // ------------------------------------------------------------ fused
  protected override computeAttention(out: Mat, q: Mat, k: Mat, v: Mat, sequences: Sequences, options: AttentionOptions): void {
    const { window, relative = [], probs } = options;
    if (window !== undefined || relative.length > 0) {
      super.computeAttention(out, q, k, v, sequences, options);
      return;
    }
    for (let b = 0; b < sequences.B; b++) {
      const rows = sequences.rowsOf(b);
      this.#queued.push(async () => {
        const inputs = [rowsOf(q.slice(rows)), rowsOf(k.slice(rows)), rowsOf(v.slice(rows))] as const;
        const result = await attend(this.#gpu, inputs, options, probs !== undefined);
        store(out.slice(rows), result.context);
        if (probs && result.probs) store(probs[b]!, result.probs.flat());
      });
    }
  }
}

/** The rows of a host Mat as views. */
function rowsOf(x: Mat): Matrix {
  return Array.from({ length: x.rows }, (_, t) => floatsOf(x).subarray(x.offset + t * x.stride, x.offset + t * x.stride + x.cols));
}

function store(out: Mat, rows: Matrix): void {
  rows.forEach((row, t) => {
    floatsOf(out).set(row, out.offset + t * out.stride);
  });
}
