/**
 * PlainBackend: what the backends over Float32Arrays have in common: constants, tables, results, and the ops that need no better than a plain loop.
 * The reference (backend.ts) adds plain loops for the others, loops/ its fast ones.
 */

import { DisposedError } from "../../errors.ts";
import type { Activation } from "../../tensor/activations.ts";
import { Backend, type PoolMode } from "../../tensor/backend.ts";
import { expectLength } from "../../tensor/checks.ts";
import { copyOf, hostMat } from "../../tensor/host-mat.ts";
import type { Mat } from "../../tensor/mat.ts";
import type { Sequences } from "../../tensor/sequences.ts";
import { checkWeight } from "../../tensor/weight-rows.ts";
import type { Table, WeightMatrix } from "../../tensor/weights.ts";
import { activate } from "./activate.ts";
import { add } from "./add.ts";
import { gather } from "./gather.ts";
import { multiply } from "./multiply.ts";
import { normalize } from "./normalize.ts";
import { pool } from "./pool.ts";
import { scale } from "./scale.ts";
import { scaleShift } from "./scale-shift.ts";
import { take } from "./take.ts";

export abstract class PlainBackend extends Backend {
  #disposed = false;

  constant(data: Float32Array, rows: number, cols: number): Mat {
    expectLength("constant", data, rows, cols);
    return hostMat(data.slice(), rows, cols);
  }
  async pass(body: () => readonly Mat[]): Promise<Float32Array[]> {
    if (this.#disposed) throw new DisposedError("pass: this backend has been disposed; load the model again");
    return this.frame(() => body().map(copyOf));
  }
  dispose(): void {
    this.#disposed = true;
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
  protected computePool(out: Mat, x: Mat, sequences: Sequences, mode: PoolMode): void {
    pool(out, x, sequences, mode);
  }
  protected computeNormalize(out: Mat, x: Mat): void {
    normalize(out, x);
  }
}
