/**
 * Running one op on a backend and judging the result: every element within its bound, and the bounds small beside the values.
 */

import { expect } from "vitest";
import type { Activation } from "../../../src/tensor/activations.ts";
import type { Backend } from "../../../src/tensor/backend.ts";
import type { Mat } from "../../../src/tensor/mat.ts";
import type { Expected } from "./oracle.ts";

/** What a backend's arithmetic promises beyond IEEE f32 for + - * / and square root; the bounds of sums follow from K by themselves. */
export interface Tolerances {
  /** Relative error of exp inside softmax. Default 2^-21, about 4 ulp. */
  readonly exp?: number;
  /** Error of an activation f(x), in units of max(1, |f(x)|). Default 2^-20. */
  readonly activation?: number | Partial<Readonly<Record<Activation, number>>>;
  /** "exact": W8A16 to the last multiply (default). "dequantized": f32 activations times int8 weights, as on a GPU. */
  readonly w8?: "exact" | "dequantized";
  /** Precision of the sums inside linear layers and matmul. Default "f32". */
  readonly sums?: "f32" | "f64";
  /** Every bound is multiplied by this: for devices whose division or square root is not correctly rounded. Default 1. */
  readonly slack?: number;
}

export class Harness {
  readonly backend: Backend;
  readonly exp: number;
  readonly w8: "exact" | "dequantized";
  readonly sums: "f32" | "f64";
  readonly #activation: Tolerances["activation"];
  readonly #slack: number;

  constructor(backend: Backend, tolerances: Tolerances) {
    this.backend = backend;
    this.exp = tolerances.exp ?? 2 ** -21;
    this.w8 = tolerances.w8 ?? "exact";
    this.sums = tolerances.sums ?? "f32";
    this.#activation = tolerances.activation;
    this.#slack = tolerances.slack ?? 1;
  }

  activationError(activation: Activation): number {
    const given = this.#activation;
    return (typeof given === "object" ? given[activation] : given) ?? 2 ** -20;
  }

  /** Runs op in a pass of its own on an `out` [rows, cols], dense or with gaps between its rows. */
  async run(rows: number, cols: number, op: (out: Mat) => void, layout: "dense" | "strided" = "dense"): Promise<Float32Array> {
    const [result] = await this.backend.pass(() => {
      const out = layout === "dense" ? this.backend.alloc(rows, cols) : this.backend.alloc(rows, cols + 3).columns(1, cols);
      op(out);
      return [out];
    });
    return result!;
  }

  /** Runs op with a dense and with a strided out: both within the bounds, and the same bits. */
  async check(oracle: Expected, op: (out: Mat) => void, level = 1e-3): Promise<Float32Array> {
    const result = await this.run(oracle.rows, oracle.cols, op);
    this.within(result, oracle, level);
    expect(await this.run(oracle.rows, oracle.cols, op, "strided"), "out with gaps between its rows").toEqual(result);
    return result;
  }

  /** `level`: the root mean square of the bounds is at most this part of the values'. */
  within(result: Float32Array, { value, bound, cols }: Expected, level = 1e-3): void {
    expect(result.length).toBe(value.length);
    let worst = -1;
    let worstRatio = 1;
    let squares = 0;
    let boundSquares = 0;
    value.forEach((v, i) => {
      const error = Math.abs(result[i]! - v);
      const allowed = bound[i]! * this.#slack;
      squares += v * v;
      boundSquares += allowed * allowed;
      const ratio = error === 0 ? 0 : error / allowed;
      if (!(ratio <= worstRatio)) {
        worst = i;
        worstRatio = ratio;
      }
    });
    if (worst >= 0) {
      const place = `[${Math.floor(worst / cols)}, ${worst % cols}]`;
      expect.fail(
        `${place}: expected ${value[worst]} within ${bound[worst]! * this.#slack}, got ${result[worst]} (${worstRatio} of the bound)`,
      );
    }
    expect(Math.sqrt(boundSquares), "the bounds beside the values").toBeLessThanOrEqual(level * Math.sqrt(squares));
  }
}

/** NaN-safe equality to the bit. */
export function expectSameBits(a: Float32Array, b: Float32Array, what: string): void {
  expect(new Uint32Array(a.slice().buffer), what).toEqual(new Uint32Array(b.slice().buffer));
}
