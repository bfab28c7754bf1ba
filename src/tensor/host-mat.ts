/**
 * Mats over a Float32Array: how the backends that compute in JavaScript read and write their elements.
 *
 *   const x = floatsOf(mat);  x[mat.offset + t * mat.stride + c]
 */

import { Mat } from "./mat.ts";

/** The Float32Array behind a host Mat. */
export function floatsOf(mat: Mat): Float32Array {
  return mat.storage as Float32Array;
}

/** A dense Mat around `data`, which holds rows * cols values. */
export function hostMat(data: Float32Array, rows: number, cols: number): Mat {
  return new Mat(data, 0, rows, cols);
}

/** A dense copy of the elements of a host Mat, row-major. */
export function copyOf(mat: Mat): Float32Array {
  const { rows, cols, stride, offset } = mat;
  const x = floatsOf(mat);
  const copy = new Float32Array(rows * cols);
  for (let t = 0; t < rows; t++) {
    copy.set(x.subarray(offset + t * stride, offset + t * stride + cols), t * cols);
  }
  return copy;
}
