/**
 * TraceBackend: runs a forward pass without arithmetic and writes down what it would do.
 *
 * Each op becomes a record: its shape, floating point operations, bytes touched, and the scratch in use. Passes return zeros of the right size,
 * so any model runs on it: the profile, the roofline, the memory plan and the table of what BERT does are sums over these records.
 *
 * Counting: a multiply-add is 2; an add, multiply, divide, exp, erf, tanh or square root is 1. Bytes count each operand once, as if caches were
 * perfect: f32 activations, weights in their own dtype. Fused ops are one record, or their bodies' primitives with { expand: true }.
 */

import type { Activation } from "./activations.ts";
import type { AttentionOptions } from "./attention.ts";
import { Backend, type Lookup, type Norm, type PoolMode } from "./backend.ts";
import { Mat } from "./mat.ts";
import type { Rotary } from "./rotate.ts";
import type { Sequences } from "./sequences.ts";
import { BYTES_PER_VALUE, checkWeight } from "./weight-rows.ts";
import type { Linear, Table, WeightMatrix } from "./weights.ts";

export interface OpRecord {
  readonly op: string;
  /** Shape of `out`. */
  readonly rows: number;
  readonly cols: number;
  /** Length of the sums of a product (K of a GEMM). */
  readonly K?: number;
  readonly flops: number;
  readonly bytes: number;
  /** f32 elements of scratch in use when the op ran, its `out` included. */
  readonly scratch: number;
}

export interface TraceOptions {
  /** Record the primitives of fused ops instead of the fused op. */
  readonly expand?: boolean;
  /** Rows of a block of a stretch; all rows at once unless given. */
  readonly blockRows?: number;
}

interface TraceTable extends Table {
  readonly bytesPerRow: number;
}
interface TraceLinear extends Linear {
  readonly bytes: number;
}

/** Operations an element of an activation costs, by its usual formula. */
const ACTIVATION_FLOPS: Readonly<Record<Activation, number>> = {
  gelu: 5,
  gelu_tanh: 8,
  quick_gelu: 5,
  relu: 1,
  silu: 4,
  tanh: 1,
  sigmoid: 3,
};

export class TraceBackend extends Backend {
  readonly name = "trace";
  readonly level = "trace";
  readonly records: OpRecord[] = [];
  readonly #expand: boolean;
  readonly #blockRows: number;
  #inUse = 0;
  #peak = 0;
  #addresses = 0;

  constructor(options: TraceOptions = {}) {
    super();
    this.#expand = options.expand ?? false;
    this.#blockRows = options.blockRows ?? Number.POSITIVE_INFINITY;
  }

  /** The most scratch in use at once, in f32 elements. */
  get peakScratch(): number {
    return this.#peak;
  }
  get totalFlops(): number {
    return this.records.reduce((sum, { flops }) => sum + flops, 0);
  }
  get totalBytes(): number {
    return this.records.reduce((sum, { bytes }) => sum + bytes, 0);
  }
  /** Forgets the records and the peak; weights stay. */
  clear(): void {
    this.records.length = 0;
    this.#peak = this.#inUse;
  }

  // ------------------------------------------------------------ memory: sizes without contents
  alloc(rows: number, cols: number): Mat {
    this.#inUse += rows * cols;
    this.#peak = Math.max(this.#peak, this.#inUse);
    return this.#view(rows, cols);
  }
  frame<R>(body: () => R): R {
    const before = this.#inUse;
    try {
      return body();
    } finally {
      this.#inUse = before;
    }
  }
  constant(_data: Float32Array, rows: number, cols: number): Mat {
    return this.#view(rows, cols);
  }
  async pass(body: () => readonly Mat[]): Promise<Float32Array[]> {
    return this.frame(() => body().map(({ rows, cols }) => new Float32Array(rows * cols)));
  }
  dispose(): void {
    this.clear();
  }
  protected override get blockRows(): number {
    return this.#blockRows;
  }
  linear(weights: readonly WeightMatrix[], bias?: Float32Array): Linear {
    weights.forEach(checkWeight);
    const N = weights.reduce((sum, { rows }) => sum + rows, 0);
    const isInt8 = weights.every(({ dtype }) => dtype === "I8");
    const bytes = weights.reduce((sum, weight) => sum + weight.bytes.length, 0) + (bias ? 4 * N : 0) + (isInt8 ? 4 * N : 0);
    const linear: TraceLinear = { N, K: weights[0]!.cols, dtype: isInt8 ? "w8" : "f32", bytes };
    return linear;
  }
  table(weight: WeightMatrix): Table {
    checkWeight(weight);
    const { rows, cols, dtype } = weight;
    const table: TraceTable = { rows, cols, bytesPerRow: cols * BYTES_PER_VALUE[dtype] + (dtype === "I8" ? 4 : 0) };
    return table;
  }
  /** A storage of its own for each Mat, so that aliasing is still noticed. */
  #view(rows: number, cols: number): Mat {
    return new Mat({ address: this.#addresses++ }, 0, rows, cols);
  }

  // ------------------------------------------------------------ ops
  /** `inside`: f32 elements of scratch that the operation itself needs. */
  #record(op: string, out: Mat, flops: number, inputBytes: number, K?: number, inside = 0): void {
    const { rows, cols } = out;
    const scratch = this.#inUse + inside;
    this.#peak = Math.max(this.#peak, scratch);
    this.records.push({
      op,
      rows,
      cols,
      ...(K === undefined ? {} : { K }),
      flops,
      bytes: inputBytes + 4 * rows * cols,
      scratch,
    });
  }
  protected computeGather(out: Mat, table: Table, _indices: Int32Array): void {
    this.#record("gather", out, 0, out.rows * (table as TraceTable).bytesPerRow);
  }
  protected computeTake(out: Mat, _x: Mat, _indices: Int32Array): void {
    this.#record("take", out, 0, bytesOf(out));
  }
  protected computeProject(out: Mat, x: Mat, linear: Linear): void {
    const { dtype, K, bytes } = linear as TraceLinear;
    this.#record(`project ${dtype}`, out, 2 * sizeOf(out) * K, bytesOf(x) + bytes, K, quantizedRows(x, dtype));
  }
  protected computeMatmul(out: Mat, a: Mat, b: Mat, _transposeB: boolean): void {
    this.#record("matmul", out, 2 * sizeOf(out) * a.cols, bytesOf(a) + bytesOf(b), a.cols);
  }
  protected computeAdd(out: Mat, a: Mat, b: Mat): void {
    this.#record("add", out, sizeOf(out), bytesOf(a) + bytesOf(b));
  }
  protected computeMultiply(out: Mat, a: Mat, b: Mat): void {
    this.#record("multiply", out, sizeOf(out), bytesOf(a) + bytesOf(b));
  }
  protected computeScale(out: Mat, x: Mat, _factor: number): void {
    this.#record("scale", out, sizeOf(out), bytesOf(x));
  }
  protected computeScaleShift(out: Mat, x: Mat, gain: Mat, shift: Mat): void {
    this.#record("scaleShift", out, 2 * sizeOf(out), bytesOf(x) + bytesOf(gain) + bytesOf(shift));
  }
  protected computeActivate(out: Mat, x: Mat, activation: Activation): void {
    this.#record(`activate ${activation}`, out, ACTIVATION_FLOPS[activation] * sizeOf(out), bytesOf(x));
  }
  /** Sum, deviation, its square and sum, product with 1/σ, gain and shift: 7 an element. */
  protected computeLayerNorm(out: Mat, x: Mat, { gamma, beta }: Norm): void {
    this.#record("layerNorm", out, 7 * sizeOf(out), bytesOf(x) + bytesOf(gamma) + (beta ? bytesOf(beta) : 0));
  }
  /** Maximum, difference, exp, sum, division: 5 an element. */
  protected computeSoftmax(out: Mat, x: Mat, _window: number): void {
    this.#record("softmax", out, 5 * sizeOf(out), bytesOf(x));
  }
  protected override computeRotate(out: Mat, x: Mat, { cos }: Rotary): void {
    this.#record("rotate", out, 3 * sizeOf(out), bytesOf(x) + 2 * 4 * out.rows * cos.cols);
  }
  protected computePool(out: Mat, x: Mat, _sequences: Sequences, mode: PoolMode): void {
    this.#record(`pool ${mode}`, out, sizeOf(x), bytesOf(x));
  }
  protected computeNormalize(out: Mat, x: Mat): void {
    this.#record("normalize", out, 3 * sizeOf(out), bytesOf(x));
  }

  protected override computeEmbed(out: Mat, lookups: readonly Lookup[]): void {
    if (this.#expand) {
      super.computeEmbed(out, lookups);
      return;
    }
    const bytes = lookups.reduce((sum, { table }) => sum + out.rows * (table as TraceTable).bytesPerRow, 0);
    this.#record("embed", out, (lookups.length - 1) * sizeOf(out), bytes);
  }
  protected override computeProjectActivate(out: Mat, x: Mat, linear: Linear, activation: Activation): void {
    if (this.#expand) {
      super.computeProjectActivate(out, x, linear, activation);
      return;
    }
    const { dtype, K, bytes } = linear as TraceLinear;
    const flops = (2 * K + ACTIVATION_FLOPS[activation]) * sizeOf(out);
    this.#record(`project ${dtype} ${activation}`, out, flops, bytesOf(x) + bytes, K, quantizedRows(x, dtype));
  }
  protected override computeAddLayerNorm(out: Mat, a: Mat, b: Mat, norm: Norm): void {
    if (this.#expand) {
      super.computeAddLayerNorm(out, a, b, norm);
      return;
    }
    this.#record("addLayerNorm", out, 8 * sizeOf(out), bytesOf(a) + bytesOf(b) + bytesOf(norm.gamma) * (norm.beta ? 2 : 1));
  }
  protected override computeAttention(out: Mat, q: Mat, k: Mat, v: Mat, sequences: Sequences, options: AttentionOptions): void {
    if (this.#expand) {
      super.computeAttention(out, q, k, v, sequences, options);
      return;
    }
    const { heads, window = Number.POSITIVE_INFINITY, relative = [] } = options;
    let pairs = 0; // of a query and a key it sees, over all sequences
    for (let b = 0; b < sequences.B; b++) pairs += pairsWithin(sequences.lengthOf(b), window);
    const D = q.cols / heads;
    // q·k and P·v are 2 D each, scale 1, softmax 5; a content term is 2 D and an add for each pair, at most, and a head term an add.
    const perPair = relative.reduce((sum, { by }) => sum + (by === "head" ? 1 : 2 * D + 1), 4 * D + 6);
    const tables = relative.reduce((sum, { table }) => sum + bytesOf(table), 0);
    const probs = options.probs?.reduce((sum, p) => sum + bytesOf(p), 0) ?? 0;
    this.#record("attention", out, heads * pairs * perPair, bytesOf(q) + bytesOf(k) + bytesOf(v) + tables + probs, D);
  }
}

const sizeOf = ({ rows, cols }: Mat) => rows * cols;
const bytesOf = (x: Mat) => 4 * sizeOf(x);

/** W8A16 makes int16 rows with a scale each first (w8.ts): f32 elements of them. */
const quantizedRows = ({ rows, cols }: Mat, dtype: string) => (dtype === "w8" ? rows * (Math.ceil(cols / 2) + 1) : 0);

/** Pairs (i, j) of a sequence of S tokens with |i - j| <= window. */
function pairsWithin(S: number, window: number): number {
  const w = Math.min(window, S - 1);
  return S * (2 * w + 1) - w * (w + 1);
}
