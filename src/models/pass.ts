/**
 * One forward pass over one ragged batch: encoder, pooler, heads, and what else the caller wants to see.
 * Everything inside `backend.pass` is synchronous; the Mats it returns come back as dense arrays in the same order.
 */

import type { Pooler } from "../layers/pooler.ts";
import type { TokenBatch } from "../layers/tokens.ts";
import type { Backend } from "../tensor/backend.ts";
import type { Mat } from "../tensor/mat.ts";
import type { Encoder } from "./encoder.ts";
import type { ModelHead } from "./model-head.ts";

/** The weights of a model, ready to run. */
export interface ModelParts {
  readonly backend: Backend;
  readonly encoder: Encoder;
  readonly pooler: Pooler | undefined;
  readonly heads: readonly ModelHead[];
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
    const results = heads.map((head) => head.run(backend, hidden, pooled, batch, request.rows));
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
