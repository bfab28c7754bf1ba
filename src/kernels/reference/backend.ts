/**
 * ReferenceBackend: every primitive in plain loops, one file each; the fused ops are the contract's own bodies.
 *
 * It is the specification of the other backends and the oracle of their tests: slow, obvious, accumulating in float64 and rounding
 * to f32 only where a Mat is stored, so that its error is about half an ulp an op. Never optimised.
 * Scratch is a new array each time, filled with NaN: reading what no op wrote shows in the result.
 */

import { DisposedError, ShapeError } from "../../errors.ts";
import type { Activation } from "../../tensor/activations.ts";
import { Backend, type Norm, type PoolMode, type Rotary } from "../../tensor/backend.ts";
import { copyOf, hostMat } from "../../tensor/host-mat.ts";
import type { Mat } from "../../tensor/mat.ts";
import type { Sequences } from "../../tensor/sequences.ts";
import { checkWeight } from "../../tensor/weight-rows.ts";
import type { Linear, Table, WeightMatrix } from "../../tensor/weights.ts";
import { activate } from "./activate.ts";
import { add } from "./add.ts";
import { gather } from "./gather.ts";
import { layerNorm } from "./layer-norm.ts";
import { type FloatLinear, referenceLinear, type W8Linear } from "./linear.ts";
import { matmul } from "./matmul.ts";
import { multiply } from "./multiply.ts";
import { normalize } from "./normalize.ts";
import { pool } from "./pool.ts";
import { project } from "./project.ts";
import { projectW8 } from "./project-w8.ts";
import { rotate } from "./rotate.ts";
import { scale } from "./scale.ts";
import { scaleShift } from "./scale-shift.ts";
import { softmax } from "./softmax.ts";
import { take } from "./take.ts";

export class ReferenceBackend extends Backend {
  readonly name: string = "reference";
  readonly level: string = "reference";
  #disposed = false;

  alloc(rows: number, cols: number): Mat {
    return hostMat(new Float32Array(rows * cols).fill(Number.NaN), rows, cols);
  }
  frame<R>(body: () => R): R {
    return body();
  }
  constant(data: Float32Array, rows: number, cols: number): Mat {
    if (data.length !== rows * cols) throw new ShapeError(`constant: [${rows}, ${cols}] needs ${rows * cols} values, got ${data.length}`);
    return hostMat(data.slice(), rows, cols);
  }
  async pass(body: () => readonly Mat[]): Promise<Float32Array[]> {
    if (this.#disposed) throw new DisposedError("pass: this backend has been disposed; load the model again");
    return this.frame(() => body().map(copyOf));
  }
  dispose(): void {
    this.#disposed = true;
  }

  linear(weights: readonly WeightMatrix[], bias?: Float32Array): Linear {
    return referenceLinear(weights, bias);
  }
  /** The handle of a table is the weight itself. */
  table(weight: WeightMatrix): Table {
    checkWeight(weight);
    return weight;
  }

  protected computeGather(out: Mat, table: Table, indices: Int32Array): void {
    gather(out, table as WeightMatrix, indices);
  }
  protected computeTake(out: Mat, x: Mat, indices: Int32Array): void {
    take(out, x, indices);
  }
  protected computeProject(out: Mat, x: Mat, linear: Linear): void {
    const layer = linear as FloatLinear | W8Linear;
    if (layer.dtype === "w8") projectW8(out, x, layer);
    else project(out, x, layer.weight, layer.bias);
  }
  protected computeMatmul(out: Mat, a: Mat, b: Mat, transposeB: boolean): void {
    matmul(out, a, b, transposeB);
  }
  protected computeAdd(out: Mat, a: Mat, b: Mat): void {
    add(out, a, b);
  }
  protected computeMultiply(out: Mat, a: Mat, b: Mat): void {
    multiply(out, a, b);
  }
  protected computeScale(out: Mat, x: Mat, factor: number): void {
    scale(out, x, factor);
  }
  protected computeScaleShift(out: Mat, x: Mat, gain: Mat, shift: Mat): void {
    scaleShift(out, x, gain, shift);
  }
  protected computeActivate(out: Mat, x: Mat, activation: Activation): void {
    activate(out, x, activation);
  }
  protected computeLayerNorm(out: Mat, x: Mat, norm: Norm): void {
    layerNorm(out, x, norm);
  }
  protected computeSoftmax(out: Mat, x: Mat, window: number): void {
    softmax(out, x, window);
  }
  protected computeRotate(out: Mat, x: Mat, rotary: Rotary): void {
    rotate(out, x, rotary);
  }
  protected computePool(out: Mat, x: Mat, sequences: Sequences, mode: PoolMode): void {
    pool(out, x, sequences, mode);
  }
  protected computeNormalize(out: Mat, x: Mat): void {
    normalize(out, x);
  }
}
