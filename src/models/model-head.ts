/**
 * A head on a model: what it reads of a pass, and where its results go. Which parts it has is a row of data (heads.ts).
 */

import type { Head } from "../layers/head.ts";
import type { TokenBatch } from "../layers/tokens.ts";
import type { Backend } from "../tensor/backend.ts";
import type { Mat } from "../tensor/mat.ts";
import { type Tensor, tensor } from "../tensor/shape.ts";
import type { HeadRow } from "./heads.ts";
import { append, perSequence, perText } from "./output.ts";
import type { ModelOutput } from "./types.ts";

type Field = "logits" | "startLogits" | "endLogits" | "seqRelationshipLogits";

const FIELDS: Readonly<Record<HeadRow["output"], readonly Field[]>> = {
  logits: ["logits"],
  span: ["startLogits", "endLogits"],
  seqRelationship: ["seqRelationshipLogits"],
};

export class ModelHead {
  readonly #row: HeadRow;
  readonly #layer: Head;

  constructor(row: HeadRow, layer: Head) {
    this.#row = row;
    this.#layer = layer;
  }

  /** The fields of the output that it fills. */
  get fields(): readonly Field[] {
    return FIELDS[this.#row.output];
  }

  /** Floats that it returns for each token: K, or 0 where it reads one vector a text. */
  get floatsPerToken(): number {
    return this.#row.input === "tokens" ? this.#layer.K : 0;
  }

  /** Inside a pass: [B, K], or [T, K] (only `rows` of it) for heads over tokens. `pooled` is there where a head reads it. */
  run(backend: Backend, hidden: Mat, pooled: Mat | undefined, batch: TokenBatch, rows?: Int32Array): Mat {
    const x = this.#input(backend, hidden, pooled, batch, rows);
    const out = backend.alloc(x.rows, this.#layer.K);
    backend.stretch(x.rows, (block) => this.#layer.forward(backend, out.slice(block), x.slice(block)));
    return out;
  }

  #input(backend: Backend, hidden: Mat, pooled: Mat | undefined, { sequences }: TokenBatch, rows?: Int32Array): Mat {
    const takeRows = (indices: Int32Array) => {
      const taken = backend.alloc(indices.length, hidden.cols);
      backend.take(taken, hidden, indices);
      return taken;
    };
    switch (this.#row.input) {
      case "pooled":
        return pooled!; // a head that reads the pooler is only loaded together with it
      case "first":
        return takeRows(sequences.firstRows());
      case "mean": {
        const mean = backend.alloc(sequences.B, hidden.cols);
        backend.pool(mean, hidden, sequences, "mean");
        return mean;
      }
      case "tokens":
        return rows ? takeRows(rows) : hidden;
    }
  }

  /** Appends the results of one pass, `data` as run returned it. `counts` has the rows of each text for heads over tokens. */
  append(output: ModelOutput, data: Float32Array, counts: readonly number[]): void {
    const { K } = this.#layer;
    const axes = this.#row.out.size === "vocabulary" ? "S V" : "S K";
    const tensors: Tensor[] = this.#row.input === "tokens" ? perText(data, counts, K, axes) : perSequence(data, counts.length, K, "K");
    const areColumns = this.#row.isScalar || this.#row.output === "span";
    this.fields.forEach((field, k) => {
      append(output[field] as Tensor[] | undefined, areColumns ? column(tensors, k) : tensors);
    });
  }
}

/** Column k of each [S, K] as [S]. */
function column(tensors: readonly Tensor[], k: number): Tensor<"S">[] {
  return tensors.map(({ shape, data }) => {
    const [S, K] = [shape[0]!, shape[1]!];
    const values = new Float32Array(S);
    for (let s = 0; s < S; s++) values[s] = data[s * K + k]!;
    return tensor("S", [S], values);
  });
}
