/**
 * MobileBERT's block (Sun et al. 2020, https://arxiv.org/abs/2004.02984, figure 1): attention and several feed-forward networks inside a bottleneck
 * of `inner` channels, between a residual stream of C:
 *
 *   z = norm(x Wzᵀ),  s = norm(x Wsᵀ)                     narrow: the block's residual, and what Q and K share
 *   a = norm(attention(q = k = s, v = x) Woᵀ + z)
 *   a = norm(feedForward_i(a) + a)                         each inner network, and the last one
 *   y = norm(a Wyᵀ + x)                                    wide again
 */

import type { Activation } from "../tensor/activations.ts";
import type { Backend } from "../tensor/backend.ts";
import type { Mat } from "../tensor/mat.ts";
import type { Sequences } from "../tensor/sequences.ts";
import type { Linear } from "../tensor/weights.ts";
import { FeedForward } from "./feed-forward.ts";
import { loadLinear } from "./linear.ts";
import { DEFAULT_EPS, loadNormOp, type NormOp } from "./norm-op.ts";
import type { Weights } from "./weights.ts";

export interface BottleneckSizes {
  readonly C: number;
  readonly inner: number;
  readonly H: number;
  readonly F: number;
  /** Feed-forward networks, the last one included. */
  readonly networks: number;
  readonly eps: number;
  readonly norm: "layer_norm" | "no_norm";
  readonly activation: Activation | undefined;
}

/** A linear layer and the norm after it. */
interface NormedLinear {
  readonly linear: Linear;
  readonly norm: NormOp;
}

/** What crosses blocks of rows around attention. */
export interface BottleneckBuffers {
  readonly qk: Mat; // T 2 inner
  readonly v: Mat; // T inner
}

interface Parts {
  readonly residual: NormedLinear;
  readonly shared: NormedLinear;
  readonly queryKey: Linear;
  readonly value: Linear;
  readonly output: NormedLinear;
  readonly networks: readonly { readonly network: FeedForward; readonly norm: NormOp }[];
  readonly widen: NormedLinear;
}

export class BottleneckBlock {
  readonly #heads: number;
  readonly #parts: Parts;

  private constructor(heads: number, parts: Parts) {
    this.#heads = heads;
    this.#parts = parts;
  }

  static async load(weights: Weights, sizes: BottleneckSizes): Promise<BottleneckBlock> {
    const { C, inner, H, F, eps, activation } = sizes;
    const role = { role: "encoder" } as const;
    const normOf = (path: string, channels: number, ownEps = eps) =>
      loadNormOp(weights.at(`${path}.LayerNorm`), sizes.norm, channels, ownEps);
    const normed = async (path: string, N: number, K: number): Promise<NormedLinear> => ({
      linear: await loadLinear(weights, `${path}.dense`, N, K, role),
      norm: await normOf(path, N),
    });
    const networkAt = async (path: string, ownEps = eps) => ({
      network: await FeedForward.load(
        weights,
        { up: `${path}intermediate.dense`, down: `${path}output.dense` },
        { C: inner, F, activation },
      ),
      norm: await normOf(`${path}output`, inner, ownEps),
    });
    const networks = [];
    for (let i = 0; i < sizes.networks - 1; i++) networks.push(await networkAt(`ffn.${i}.`));
    networks.push(await networkAt("", DEFAULT_EPS));
    return new BottleneckBlock(H, {
      residual: await normed("bottleneck.input", inner, C),
      shared: await normed("bottleneck.attention", inner, C),
      queryKey: await loadLinear(weights, ["attention.self.query", "attention.self.key"], inner, inner, role),
      value: await loadLinear(weights, "attention.self.value", inner, C, role),
      output: await normed("attention.output", inner, inner),
      networks,
      widen: await normed("output.bottleneck", C, inner),
    });
  }

  /** The rows of qk and v from x [rows, C]. Row-local. */
  projectIn(backend: Backend, qk: Mat, v: Mat, x: Mat): void {
    const { shared, queryKey, value } = this.#parts;
    const projected = backend.alloc(x.rows, shared.linear.N);
    backend.project(projected, x, shared.linear);
    const s = backend.alloc(x.rows, shared.linear.N);
    shared.norm(backend, s, projected);
    backend.project(qk, s, queryKey);
    backend.project(v, x, value);
  }

  /** context [T, inner]. Crosses the rows of a sequence. */
  attend(backend: Backend, context: Mat, { qk, v }: BottleneckBuffers, sequences: Sequences, probs?: readonly Mat[]): void {
    const inner = v.cols;
    const options = { heads: this.#heads, scale: 1 / Math.sqrt(inner / this.#heads), probs };
    backend.attention(context, qk.columns(0, inner), qk.columns(inner, inner), v, sequences, options);
  }

  /** out [rows, C] from the block's input x [rows, C] and its attention's context [rows, inner]. Row-local. */
  finish(backend: Backend, out: Mat, x: Mat, context: Mat): void {
    const { residual, output, networks, widen } = this.#parts;
    const inner = residual.linear.N;
    const scratch = () => backend.alloc(x.rows, inner);
    const narrowed = scratch();
    backend.project(narrowed, x, residual.linear);
    const z = scratch();
    residual.norm(backend, z, narrowed);
    const attended = scratch();
    backend.project(attended, context, output.linear);
    let a = scratch();
    addNorm(backend, a, attended, z, output.norm);
    for (const { network, norm } of networks) {
      const fed = scratch();
      network.forward(backend, fed, a);
      const next = scratch();
      addNorm(backend, next, fed, a, norm);
      a = next;
    }
    const widened = backend.alloc(x.rows, x.cols);
    backend.project(widened, a, widen.linear);
    addNorm(backend, out, widened, x, widen.norm);
  }
}

/** out = norm(a + b). */
function addNorm(backend: Backend, out: Mat, a: Mat, b: Mat, norm: NormOp): void {
  const sum = backend.alloc(out.rows, out.cols);
  backend.add(sum, a, b);
  norm(backend, out, sum);
}
