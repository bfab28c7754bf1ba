/**
 * One forward pass over one ragged batch: encoder, pooler, heads, and what else the caller wants to see.
 * Everything inside `backend.pass` is synchronous; the Mats it returns come back as dense arrays in the same order.
 */

import type { Pooler } from "../layers/pooler.ts";
import type { TokenBatch } from "../layers/tokens.ts";
import type { Backend } from "../tensor/backend.ts";
import type { Mat } from "../tensor/mat.ts";
import type { Encoder } from "./encoder.ts";
import type { LoadedHead } from "./heads.ts";

/** The weights of a model, ready to run. */
export interface ModelParts {
  readonly backend: Backend;
  readonly encoder: Encoder;
  readonly pooler: Pooler | undefined;
  readonly heads: readonly LoadedHead[];
}

export interface PassRequest {
  readonly hiddenStates?: boolean | undefined;
  readonly attentions?: boolean | undefined;
  /** Rows of the batch (0 .. T - 1) for which heads over tokens are computed; all when absent. */
  readonly rows?: Int32Array | undefined;
}

export interface PassResult {
  readonly hidden: Float32Array; // T C
  readonly pooled: Float32Array | undefined; // B C
  readonly heads: readonly Float32Array[]; // one a head: [B, K], [T, K] or [rows, K]
  readonly hiddenStates: readonly Float32Array[]; // L + 1 of T C
  readonly attentions: readonly (readonly Float32Array[])[]; // L of B of H S S
}

export async function runPass(parts: ModelParts, batch: TokenBatch, request: PassRequest): Promise<PassResult> {
  const { backend, encoder, pooler, heads } = parts;
  const hiddenStates: Mat[] | undefined = request.hiddenStates ? [] : undefined;
  const attentions: (readonly Mat[])[] | undefined = request.attentions ? [] : undefined;
  const arrays = await backend.pass(() => {
    const hidden = encoder.forward(backend, batch, { ...(hiddenStates && { hiddenStates }), ...(attentions && { attentions }) });
    const pooled = pooler?.forward(backend, hidden, batch.sequences);
    const results = heads.map((head) => runHead(backend, head, hidden, pooled, batch, request.rows));
    return [hidden, ...(pooled ? [pooled] : []), ...results, ...(hiddenStates ?? []), ...(attentions ?? []).flat()];
  });
  let next = 0;
  const take = (count: number) => {
    next += count;
    return arrays.slice(next - count, next);
  };
  return {
    hidden: take(1)[0]!,
    pooled: pooler ? take(1)[0] : undefined,
    heads: take(heads.length),
    hiddenStates: take(hiddenStates?.length ?? 0),
    attentions: (attentions ?? []).map((mats) => take(mats.length)),
  };
}

/** out [B, K], or [T, K] (only `rows` of it) for heads over tokens. */
function runHead(backend: Backend, head: LoadedHead, hidden: Mat, pooled: Mat | undefined, batch: TokenBatch, rows?: Int32Array): Mat {
  const x = headInput(backend, head, hidden, pooled, batch, rows);
  const out = backend.alloc(x.rows, head.layer.K);
  backend.stretch(x.rows, (block) => head.layer.forward(backend, out.slice(block), x.slice(block)));
  return out;
}

function headInput(
  backend: Backend,
  { row }: LoadedHead,
  hidden: Mat,
  pooled: Mat | undefined,
  { sequences }: TokenBatch,
  rows?: Int32Array,
): Mat {
  const takeRows = (indices: Int32Array) => {
    const taken = backend.alloc(indices.length, hidden.cols);
    backend.take(taken, hidden, indices);
    return taken;
  };
  switch (row.input) {
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
