/**
 * WebGpuBackend: the contract's ops as WGSL dispatches. The arithmetic is in shaders/, memory and passes are in recording-backend.ts.
 *
 * Fused here: projection with bias, activation and residual, layer norm of a sum, attention with its softmax, the sum of embedding lookups.
 * Embedding rows are decoded and added on the CPU, in f32 and in the lookups' order, and uploaded as [T, C]: tables never reach the GPU.
 * A post-norm encoder layer is 7 dispatches.
 */

import type { Activation } from "../../tensor/activations.ts";
import type { AttentionOptions } from "../../tensor/attention.ts";
import type { Lookup, Norm, PoolMode } from "../../tensor/backend.ts";
import { Mat } from "../../tensor/mat.ts";
import type { Rotary } from "../../tensor/rotate.ts";
import type { Sequences } from "../../tensor/sequences.ts";
import { decodeRow } from "../../tensor/weight-rows.ts";
import type { Linear, Table, WeightMatrix } from "../../tensor/weights.ts";
import { recordAttention } from "./attention.ts";
import type { GpuBuffer } from "./buffer-pool.ts";
import { type Kernel, spread } from "./kernel.ts";
import type { GpuLinear } from "./linear.ts";
import { UPLOADS } from "./recording.ts";
import { type Reads, RecordingBackend } from "./recording-backend.ts";
import { activateKernel, ELEMENT_THREADS, ELEMENTWISE, poolKernel } from "./shaders/elements.ts";
import { type MatmulShape, matmulKernel, matmulName, TILE_N, tileM } from "./shaders/matmul.ts";
import { layerNormKernel, layerNormName, normalizeKernel, softmaxKernel, softmaxName } from "./shaders/rows.ts";

/** Below this many tiles of 64 rows most of a GPU would idle: tiles of 16 rows instead. */
const FEW_TILES = 64;

export class WebGpuBackend extends RecordingBackend {
  protected override get blockRows(): number {
    return Number.POSITIVE_INFINITY;
  }
  /** @internal */
  protected copyRows(out: Mat, x: Mat): void {
    this.#elements("copy", ELEMENTWISE.copy, { x }, out);
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
    const all = { ...params, M: out.rows, N: out.cols };
    const choice = (chosen: MatmulShape) => ({ name: matmulName(chosen), make: () => matmulKernel(chosen) });
    const { name, make } = choice(shape);
    this.record(name, make, reads, out, all, workgroups, this.isWhole(out) ? choice({ ...shape, residual: true }) : undefined);
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
  protected override computeRotate(out: Mat, x: Mat, { cos, sin, positions }: Rotary): void {
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
    const target = out.storage as GpuBuffer;
    if (out.stride === cols) {
      this.recorder.add({ source: UPLOADS, sourceByte: start * 4, target, targetByte: out.offset * 4, bytes: rows * cols * 4 });
    } else this.#elements("copy", ELEMENTWISE.copy, { x: UPLOADS }, out, { x_offset: start, x_stride: cols });
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
