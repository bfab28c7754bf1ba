/**
 * CoreLoopsBackend: the hot ops as register-tiled, packed TypeScript on typed arrays: what runs where WebAssembly is forbidden. As far as BERT goes;
 * LoopsBackend (backend.ts) has what other families add.
 *
 * Linear layers, attention, norms, GELU, softmax, embeddings and matmul have loops of their own; for the rest plain ones do (reference/plain-backend.ts).
 * All sums are float64 in the reference's order, so results differ from it only in exp and erf, by an f32 rounding now and then,
 * and a row never depends on its batch, block or tile. Scratch is a stack: a pass at a shape seen before allocates no memory.
 */

import type { Activation } from "../../tensor/activations.ts";
import type { AttentionOptions } from "../../tensor/attention.ts";
import type { Lookup, Norm } from "../../tensor/backend.ts";
import { floatsOf } from "../../tensor/host-mat.ts";
import type { Mat } from "../../tensor/mat.ts";
import { Scratch, type ScratchStats } from "../../tensor/scratch.ts";
import type { Sequences } from "../../tensor/sequences.ts";
import type { Linear, WeightMatrix } from "../../tensor/weights.ts";
import { PlainBackend } from "../reference/plain-backend.ts";
import { attention } from "./attention.ts";
import { embed } from "./embed.ts";
import { type PackedFloat, type PackedW8, packLinear, projectPacked, projectPackedW8 } from "./linear.ts";
import { normalizeRows } from "./norm.ts";
import { geluInto } from "./normal-cdf.ts";
import { multiplyMats, panelSize } from "./panels.ts";
import { softmaxRow } from "./softmax.ts";
import { NR } from "./tile.ts";

export class CoreLoopsBackend extends PlainBackend {
  readonly name = "loops";
  readonly level = "loops";
  readonly #scratch = new Scratch();

  alloc(rows: number, cols: number): Mat {
    return this.#scratch.alloc(rows, cols);
  }
  frame<R>(body: () => R): R {
    return this.#scratch.frame(body);
  }
  /** What the scratch stack holds: for tests and for the memory line of a report. */
  get scratch(): ScratchStats {
    return this.#scratch.stats;
  }
  override dispose(): void {
    super.dispose();
    this.#scratch.dispose();
  }

  linear(weights: readonly WeightMatrix[], bias?: Float32Array): Linear {
    return packLinear(weights, bias);
  }

  protected computeProject(out: Mat, x: Mat, linear: Linear): void {
    const layer = linear as PackedFloat | PackedW8;
    if (layer.dtype === "f32") {
      projectPacked(out, x, layer);
      return;
    }
    this.frame(() => {
      projectPackedW8(out, x, layer, { rows: this.alloc(x.rows, x.cols), rowScale: this.alloc(x.rows, 1), panel: this.alloc(x.cols, NR) });
    });
  }
  protected computeMatmul(out: Mat, a: Mat, b: Mat, transposeB: boolean): void {
    const [strideN, strideK] = transposeB ? [b.stride, 1] : [1, b.stride];
    this.frame(() => multiplyMats(out, a, b, strideN, strideK, this.alloc(1, panelSize(out.cols, a.cols))));
  }
  protected override computeActivate(out: Mat, x: Mat, activation: Activation): void {
    if (activation !== "gelu") {
      super.computeActivate(out, x, activation);
      return;
    }
    for (let t = 0; t < out.rows; t++) geluInto(floatsOf(out), out.offset + t * out.stride, floatsOf(x), x.offset + t * x.stride, out.cols);
  }
  protected computeLayerNorm(out: Mat, x: Mat, norm: Norm): void {
    normalizeRows(out, x, undefined, norm);
  }
  protected computeSoftmax(out: Mat, x: Mat, window: number): void {
    for (let i = 0; i < out.rows; i++) {
      softmaxRow(floatsOf(out), out.offset + i * out.stride, floatsOf(x), x.offset + i * x.stride, i, 0, out.cols, window);
    }
  }

  protected override computeEmbed(out: Mat, lookups: readonly Lookup[]): void {
    this.frame(() => embed(out, lookups, this.alloc(1, out.cols)));
  }
  /** The activation runs over `out` itself while it is still in cache. */
  protected override computeProjectActivate(out: Mat, x: Mat, linear: Linear, activation: Activation): void {
    this.computeProject(out, x, linear);
    this.computeActivate(out, out, activation);
  }
  protected override computeAddLayerNorm(out: Mat, a: Mat, b: Mat, norm: Norm): void {
    normalizeRows(out, a, b, norm);
  }
  /** Relative terms are left to the default body. */
  protected override computeAttention(out: Mat, q: Mat, k: Mat, v: Mat, sequences: Sequences, options: AttentionOptions): void {
    if (options.relative?.length) super.computeAttention(out, q, k, v, sequences, options);
    else this.frame(() => attention((rows, cols) => this.alloc(rows, cols), out, q, k, v, sequences, options));
  }
}
