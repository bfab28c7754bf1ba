/**
 * CoreWasmBackend: the contract on WebAssembly SIMD, as far as BERT goes; WasmBackend (backend.ts) has fast kernels for the ops that other families add.
 * Each op is a few kernel calls on addresses of one memory (machine.ts).
 *
 * Nothing of a pass runs in JavaScript but addresses and the copying of rows and indices: the kernels see numbers only,
 * so that the same calls can be recorded and run by several threads.
 */
import type { Activation } from "../../tensor/activations.ts";
import type { AttentionOptions } from "../../tensor/attention.ts";
import type { Lookup, Norm, PoolMode } from "../../tensor/backend.ts";
import type { Mat } from "../../tensor/mat.ts";
import type { Sequences } from "../../tensor/sequences.ts";
import type { Linear, Table, WeightMatrix } from "../../tensor/weights.ts";
import { type AttentionPart, attentionScratch, scoresStride } from "./attention.ts";
import { panelBytes } from "./gemm.ts";
import { widenedBytes } from "./gemm-w8.ts";
import { CORE_KERNELS } from "./kernel-set.ts";
import type { FeatureLevel } from "./level.ts";
import { WasmMachine } from "./machine.ts";
import { addressOf, WasmMemory } from "./memory.ts";
import type { PackedLinear } from "./pack.ts";
import { panelColumns } from "./panels.ts";
import { copyRows, type StagedRows, stageIntegers, stageRows } from "./stage.ts";

/** Rows of a product: address, stride in elements, address of the rows' scales (0: f32 rows have none). */
export interface Operand {
  readonly at: number;
  readonly stride: number;
  readonly rowScale: number;
}

export class CoreWasmBackend extends WasmMachine {
  constructor(level: FeatureLevel, kernels = CORE_KERNELS, memory = new WasmMemory()) {
    super(kernels, level, memory);
  }

  // ------------------------------------------------------------ rows in and out of tables
  protected computeGather(out: Mat, table: Table, indices: Int32Array): void {
    this.#decode(out, table, indices, 0);
  }
  protected override computeEmbed(out: Mat, lookups: readonly Lookup[]): void {
    for (const [i, { table, indices }] of lookups.entries()) this.#decode(out, table, indices, i === 0 ? 0 : 1);
  }
  #decode(out: Mat, table: Table, indices: Int32Array, accumulate: 0 | 1): void {
    const memory = this.live();
    const weight = table as WeightMatrix;
    if (weight.dtype === "F32" && !accumulate && !memory.isDeferred) {
      copyRows(memory, addressOf(out), 4 * out.stride, weight, indices); // nothing to decode, and nobody still reads what was there
      return;
    }
    this.frame(() => {
      const { decode, rows, scales, indices: order } = this.stageRows(weight, indices);
      this.call(decode, addressOf(out), rows, scales, order, out.rows, out.cols, out.stride, accumulate);
    });
  }
  /** Rows of a table where a kernel can read them. */
  protected stageRows(table: WeightMatrix, indices: Int32Array): StagedRows {
    return stageRows(this.live(), table, indices);
  }
  protected computeTake(out: Mat, x: Mat, indices: Int32Array): void {
    this.call("take", addressOf(out), addressOf(x), stageIntegers(this.live(), indices), out.rows, out.cols, out.stride, x.stride);
  }

  // ------------------------------------------------------------ products
  protected computeProject(out: Mat, x: Mat, linear: Linear): void {
    const packed = linear as PackedLinear;
    this.frame(() => this.projectPanels(out, this.operand(x, packed), packed, 0, Math.ceil(linear.N / panelColumns)));
  }
  /** x as the product with `linear` reads it: f32 rows as they are; for W8A16 int16 rows in scratch, with a scale each. */
  protected operand(x: Mat, { dtype, K, limit }: PackedLinear): Operand {
    if (dtype === "f32") return { at: addressOf(x), stride: x.stride, rowScale: 0 };
    const memory = this.live();
    const stride = (K + 7) & ~7;
    const q = { at: memory.alloc(x.rows * stride * 2), stride, rowScale: memory.alloc(x.rows * 4) };
    this.quantize(q, x, limit);
    return q;
  }
  protected quantize({ at, stride, rowScale }: Operand, x: Mat, limit: number): void {
    this.call("quantizeRows", at, rowScale, addressOf(x), x.rows, x.cols, stride, x.stride, limit);
  }
  /** The columns of panels [first, end) of out: one call, whose last arguments are first, end and scratch (threads/recorder.ts repeats it). */
  protected projectPanels(out: Mat, x: Operand, { panels, dtype, N, K }: PackedLinear, first: number, end: number): void {
    this.frame(() => {
      const [kernel, scratch] = dtype === "f32" ? ["gemmPanels", 0] : ["gemmW8Panels", this.live().alloc(widenedBytes(K))];
      this.call(kernel, addressOf(out), x.at, x.rowScale, panels, out.rows, N, K, out.stride, x.stride, first, end, scratch);
    });
  }
  /** The activation runs in place over the rows just computed: each element is read before it is written. */
  protected override computeProjectActivate(out: Mat, x: Mat, linear: Linear, activation: Activation): void {
    this.computeProject(out, x, linear);
    this.#elementwise(activation, out, out);
  }
  protected computeMatmul(out: Mat, a: Mat, b: Mat, transposeB: boolean): void {
    const [N, K] = [out.cols, a.cols];
    this.frame(() => {
      const panels = this.live().alloc(panelBytes(N, K));
      if (transposeB) this.call("packKeys", panels, addressOf(b), N, K, b.stride);
      else this.call("packValues", panels, addressOf(b), K, N, b.stride);
      this.call("gemm", addressOf(out), addressOf(a), 0, panels, a.rows, N, K, out.stride, a.stride);
    });
  }

  // ------------------------------------------------------------ element by element
  protected computeAdd(out: Mat, a: Mat, b: Mat): void {
    this.#elementwise("add", out, a, b);
  }
  protected computeMultiply(out: Mat, a: Mat, b: Mat): void {
    this.#elementwise("multiply", out, a, b);
  }
  protected computeScale(out: Mat, x: Mat, factor: number): void {
    this.call("scale", addressOf(out), addressOf(x), out.rows, out.cols, out.stride, x.stride, factor);
  }
  protected computeScaleShift(out: Mat, x: Mat, gain: Mat, shift: Mat): void {
    const addresses = [out, x, gain, shift].map((mat) => addressOf(mat));
    this.call("scaleShift", ...addresses, out.rows, out.cols, out.stride, x.stride, 0, 0);
  }
  protected computeActivate(out: Mat, x: Mat, activation: Activation): void {
    this.#elementwise(activation, out, x);
  }
  /** Mats without gaps run as one long row. */
  #elementwise(kernel: string, out: Mat, ...inputs: Mat[]): void {
    const mats = [out, ...inputs];
    const dense = mats.every(({ stride, cols }) => stride === cols);
    const shape = dense ? [1, out.rows * out.cols] : [out.rows, out.cols];
    this.call(kernel, ...mats.map((mat) => addressOf(mat)), ...shape, ...mats.map(({ stride }) => stride));
  }

  // ------------------------------------------------------------ row by row
  protected computeLayerNorm(out: Mat, x: Mat, norm: Norm): void {
    this.frame(() => {
      const [gamma, beta] = this.#gains(norm);
      this.call("layerNorm", addressOf(out), addressOf(x), gamma, beta, x.rows, x.cols, out.stride, x.stride, norm.eps);
    });
  }
  protected override computeAddLayerNorm(out: Mat, a: Mat, b: Mat, norm: Norm): void {
    this.frame(() => {
      const [gamma, beta] = this.#gains(norm);
      const { rows, cols } = out;
      this.call(
        "addLayerNorm",
        addressOf(out),
        addressOf(a),
        addressOf(b),
        gamma,
        beta,
        rows,
        cols,
        out.stride,
        a.stride,
        b.stride,
        norm.eps,
      );
    });
  }
  /** Addresses of gamma and beta; a norm without beta adds a row of zeros. */
  #gains({ gamma, beta }: Norm): [number, number] {
    if (beta) return [addressOf(gamma), addressOf(beta)];
    const zeros = this.alloc(1, gamma.cols);
    this.call("zero", addressOf(zeros), 1, gamma.cols, gamma.cols);
    return [addressOf(gamma), addressOf(zeros)];
  }
  protected computeSoftmax(out: Mat, x: Mat, window: number): void {
    const { rows, cols } = x;
    const stride = scoresStride(cols);
    this.frame(() => {
      const memory = this.live();
      const numerators = memory.alloc(rows * stride * 4);
      const sums = memory.alloc((rows + panelColumns) * 4);
      this.call("scale", numerators, addressOf(x), rows, cols, stride, x.stride, 1);
      this.call("softmaxExp", numerators, rows, cols, stride, 0, windowOf(window, Math.max(rows, cols)), sums, 1);
      this.call("divideRows", addressOf(out), numerators, sums, rows, cols, out.stride, stride);
    });
  }
  protected computeNormalize(out: Mat, x: Mat): void {
    this.call("normalize", addressOf(out), addressOf(x), x.rows, x.cols, out.stride, x.stride);
  }

  // ------------------------------------------------------------ inside sequences
  protected computePool(out: Mat, x: Mat, sequences: Sequences, mode: PoolMode): void {
    for (let b = 0; b < sequences.B; b++) {
      const S = sequences.lengthOf(b);
      const args = [addressOf(out, b), addressOf(x, sequences.cuSeqlens[b]!), S, x.cols, x.stride];
      if (mode === "max") this.call("poolMax", ...args);
      else if (mode === "weightedMean") this.call("poolSum", ...args, 1, (S * (S + 1)) / 2);
      else this.call("poolSum", ...args, 0, mode === "mean" ? S : Math.sqrt(S));
    }
  }
  /** Relative terms are left to the default body. */
  protected override computeAttention(out: Mat, q: Mat, k: Mat, v: Mat, sequences: Sequences, options: AttentionOptions): void {
    if (options.relative?.length) super.computeAttention(out, q, k, v, sequences, options);
    else this.attendAll(out, q, k, v, sequences, options);
  }
  protected attendAll(out: Mat, q: Mat, k: Mat, v: Mat, sequences: Sequences, options: AttentionOptions): void {
    for (let b = 0; b < sequences.B; b++) {
      this.attend(out, q, k, v, sequences, options, { b, firstHead: 0, endHead: options.heads });
    }
  }
  /** Attention without relative terms. The bits of a row do not depend on the part it is computed in. */
  protected attend(out: Mat, q: Mat, k: Mat, v: Mat, sequences: Sequences, options: AttentionOptions, part: AttentionPart): void {
    const { heads, scale, probs } = options;
    const { b, firstHead, endHead } = part;
    const D = q.cols / heads;
    const S = sequences.lengthOf(b);
    const { firstQuery = 0, endQuery = S } = part;
    const row = sequences.cuSeqlens[b]!;
    const window = windowOf(options.window, S);
    this.frame(() => {
      const addresses = [out, q, k, v].map((mat) => addressOf(mat, row));
      const strides = [out, q, k, v].map(({ stride }) => stride);
      const p = probs?.[b];
      if (p && window >= 0) {
        for (let h = firstHead; h < endHead; h++)
          this.call("zero", addressOf(p, h * S + firstQuery), endQuery - firstQuery, p.cols, p.stride);
      }
      const scratch = this.live().alloc(attentionScratch(S, D));
      const [pAddress, pStride] = p ? [addressOf(p), p.stride] : [0, 0];
      const ranges = [firstHead, endHead, firstQuery, endQuery];
      this.call("attention", ...addresses, S, D, ...ranges, ...strides, window, pAddress, pStride, scratch, scale);
    });
  }
}

/** The kernels' window: -1 where every column is within reach. */
export function windowOf(window = Number.POSITIVE_INFINITY, S: number): number {
  return window >= S - 1 ? -1 : Math.floor(window);
}
