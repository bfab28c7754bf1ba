/**
 * Exact k nearest rows of several queries, a block of rows at a time: the heart of semanticSearch and of the command line's search.
 *
 *   const scan = new VectorScan(queries, C, { topK, score });
 *   scan.rows.set(block);  scan.compare(count);  ...  scan.hits();
 *
 * A wasm kernel gives f32 scores with a known bound on their error. A row that cannot reach the k best even with that error is passed over;
 * the others (about k ln(N/k) of N) are summed again in float64, in order. So hits have the same bits with wasm and without.
 */
import { errorFactor, giveBackRowScan, type RowScan, takeRowScan } from "../kernels/row-scan.ts";
import { TopK } from "./top-k.ts";
import { norm, normalized, VectorBlock } from "./vectors.ts";

export interface ScanOptions {
  readonly topK: number;
  readonly score: "cosine" | "dot";
  /** false: float64 sums for every row, as where wasm is forbidden. */
  readonly wasm?: boolean;
}

/** Rows compared at a time: at C = 384 a block of 256 is 393 kB, so that it stays in L2 over all queries. */
const BLOCK_ROWS = 256;
/** Below this a square has lost bits to f32's least exponent, and the error bound does not hold. */
const LEAST_SQUARE = 1e-30;

export class VectorScan {
  /** The block, [blockRows, C]: write rows here, then compare. */
  readonly rows: Float32Array;
  readonly blockRows = BLOCK_ROWS;
  readonly #C: number;
  readonly #cosine: boolean;
  readonly #queries: readonly { readonly vector: Float32Array; readonly error: number; readonly best: TopK }[];
  #kernel: RowScan | undefined;
  #isOver = false;
  readonly #block: VectorBlock;
  readonly #norms = new Float64Array(BLOCK_ROWS);
  readonly #scores = new Float64Array(BLOCK_ROWS);
  #firstId = 0;

  constructor(queries: readonly Float32Array[], C: number, { topK, score, wasm = true }: ScanOptions) {
    this.#C = C;
    this.#cosine = score === "cosine";
    this.#kernel = wasm ? takeRowScan(C, BLOCK_ROWS) : undefined;
    this.rows = this.#kernel?.rows ?? new Float32Array(BLOCK_ROWS * C);
    this.#block = new VectorBlock(C, BLOCK_ROWS, this.rows);
    this.#queries = queries.map((query) => {
      const vector = this.#cosine ? normalized(query) : query;
      // twice the bound: the row's own norm, from its f32 square, has half as much
      return { vector, error: 2 * errorFactor(C) * norm(vector), best: new TopK(topK) };
    });
  }

  /** Compares the first `count` rows of the block with every query. Their ids follow those of the blocks before. */
  compare(count: number): void {
    if (this.#isOver) throw new Error("VectorScan: compare after hits; begin a new scan");
    if (this.#kernel) this.#compareFast(this.#kernel, count);
    else this.#compareAll(count);
    this.#firstId += count;
  }

  /** Ends the scan. @returns for each query its hits, best first; of equal scores the lower id first */
  hits(): { corpus_id: number; score: number }[][] {
    this.#isOver = true; // the block belongs to the next scan
    if (this.#kernel) giveBackRowScan(this.#kernel, this.#C, BLOCK_ROWS);
    this.#kernel = undefined;
    return this.#queries.map(({ best }) => best.sorted().map(({ id, score }) => ({ corpus_id: id, score: Math.fround(score) })));
  }

  #compareFast(kernel: RowScan, count: number): void {
    const norms = this.#norms;
    const squares = kernel.squares(count);
    // NaN where the bound does not hold: every comparison with it is false, and the row is summed exactly
    for (let n = 0; n < count; n++)
      norms[n] = squares[n]! > LEAST_SQUARE && squares[n]! < Number.POSITIVE_INFINITY ? Math.sqrt(squares[n]!) : Number.NaN;
    const least = this.#C * 2 ** -148; // products below f32's least exponent
    for (const { vector, error, best } of this.#queries) {
      const scores = kernel.scores(vector, count);
      for (let n = 0; n < count; n++) {
        const limit = best.threshold * (this.#cosine ? norms[n]! : 1) - error * norms[n]! - least;
        if (scores[n]! < limit && scores[n]! !== Number.NEGATIVE_INFINITY) continue; // an overflow says nothing
        const exact = this.#exact(vector, n);
        if (!(exact < best.threshold)) best.push(exact, this.#firstId + n);
      }
    }
  }

  #exact(vector: Float32Array, n: number): number {
    const C = this.#C;
    const row = this.rows.subarray(n * C, (n + 1) * C);
    let sum = 0;
    for (let c = 0; c < C; c++) sum += vector[c]! * row[c]!;
    return this.#cosine ? sum / norm(row) : sum;
  }

  #compareAll(count: number): void {
    const C = this.#C;
    if (this.#cosine) for (let n = 0; n < count; n++) this.#norms[n] = norm(this.rows.subarray(n * C, (n + 1) * C));
    for (const { vector, best } of this.#queries) {
      this.#block.dot(this.#scores, vector, count);
      for (let n = 0; n < count; n++) {
        const value = this.#cosine ? this.#scores[n]! / this.#norms[n]! : this.#scores[n]!;
        if (!(value < best.threshold)) best.push(value, this.#firstId + n);
      }
    }
  }
}
