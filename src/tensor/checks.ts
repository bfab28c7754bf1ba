/** The shape checks at the op boundary: one home for every op and every backend; kernels behind them check nothing. */

import { ShapeError } from "../errors.ts";
import type { Mat } from "./mat.ts";

/** @throws ShapeError unless x is [rows, cols] */
export function expectShape(what: string, x: Mat, rows: number, cols: number): void {
  if (x.rows !== rows || x.cols !== cols) throw new ShapeError(`${what}: expected [${rows}, ${cols}], got [${x.rows}, ${x.cols}]`);
}

/** @throws ShapeError unless data holds [rows, cols] values */
export function expectLength(what: string, data: Float32Array, rows: number, cols: number): void {
  if (data.length !== rows * cols) throw new ShapeError(`${what}: [${rows}, ${cols}] needs ${rows * cols} values, got ${data.length}`);
}

/** @throws ShapeError unless the inputs have out's shape and are not out */
export function sameShape(what: string, out: Mat, ...inputs: Mat[]): void {
  for (const input of inputs) expectShape(what, input, out.rows, out.cols);
  distinct(what, out, ...inputs);
}

/** @throws ShapeError when out starts where an input starts: single assignment forbids writing what is read */
export function distinct(what: string, out: Mat, ...inputs: Mat[]): void {
  for (const input of inputs) {
    if (out.storage === input.storage && out.offset === input.offset && out.rows > 0) {
      throw new ShapeError(`${what}: out aliases an input; each Mat is written once in a pass (single assignment), so allocate another`);
    }
  }
}
