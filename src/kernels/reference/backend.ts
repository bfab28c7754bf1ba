/**
 * ReferenceBackend: every primitive in plain loops, one file each; the fused ops are the contract's own bodies.
 *
 * It is the specification of the other backends and the oracle of their tests: slow, obvious, accumulating in float64 and rounding
 * to f32 only where a Mat is stored, so that its error is about half an ulp an op. Never optimised.
 * Scratch is a new array each time, filled with NaN: reading what no op wrote shows in the result.
 */

import type { Norm } from "../../tensor/backend.ts";
import { hostMat } from "../../tensor/host-mat.ts";
import type { Mat } from "../../tensor/mat.ts";
import type { Rotary } from "../../tensor/rotate.ts";
import type { Linear, WeightMatrix } from "../../tensor/weights.ts";
import { layerNorm } from "./layer-norm.ts";
import { type FloatLinear, referenceLinear, type W8Linear } from "./linear.ts";
import { matmul } from "./matmul.ts";
import { PlainBackend } from "./plain-backend.ts";
import { project } from "./project.ts";
import { projectW8 } from "./project-w8.ts";
import { rotate } from "./rotate.ts";
import { softmax } from "./softmax.ts";

export class ReferenceBackend extends PlainBackend {
  readonly name = "reference";
  readonly level = "reference";

  alloc(rows: number, cols: number): Mat {
    return hostMat(new Float32Array(rows * cols).fill(Number.NaN), rows, cols);
  }
  frame<R>(body: () => R): R {
    return body();
  }
  linear(weights: readonly WeightMatrix[], bias?: Float32Array): Linear {
    return referenceLinear(weights, bias);
  }
  protected computeProject(out: Mat, x: Mat, linear: Linear): void {
    const layer = linear as FloatLinear | W8Linear;
    if (layer.dtype === "w8") projectW8(out, x, layer);
    else project(out, x, layer.weight, layer.bias);
  }
  protected computeMatmul(out: Mat, a: Mat, b: Mat, transposeB: boolean): void {
    matmul(out, a, b, transposeB);
  }
  protected computeLayerNorm(out: Mat, x: Mat, norm: Norm): void {
    layerNorm(out, x, norm);
  }
  protected computeSoftmax(out: Mat, x: Mat, window: number): void {
    softmax(out, x, window);
  }
  protected override computeRotate(out: Mat, x: Mat, rotary: Rotary): void {
    rotate(out, x, rotary);
  }
}
