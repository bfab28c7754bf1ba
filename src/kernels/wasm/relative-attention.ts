/**
 * Attention with relative terms: the steps of attention.ts, one kernel call each, with the terms added to the scores (relative.ts).
 *
 *     scores = q k^T  + content terms     scores = scale * scores + head terms     then softmax and the product with v as usual
 *
 * Terms by query or key need the product with the table's rows of this head, [rows, R], which is again a GEMM over packed "keys".
 */
import type { AttentionOptions, RelativeTerm } from "../../tensor/attention.ts";
import type { Mat } from "../../tensor/mat.ts";
import type { Sequences } from "../../tensor/sequences.ts";
import { type AttentionPart, attentionBlock, scoresStride } from "./attention.ts";
import { panelBytes } from "./gemm.ts";
import { addressOf, type WasmMemory } from "./memory.ts";
import { panelColumns } from "./panels.ts";
import { stageIntegers } from "./stage.ts";

export type Call = (kernel: string, ...args: number[]) => void;

interface Term extends RelativeTerm {
  /** Address of buckets[i - j + S - 1]. */
  readonly buckets: number;
  /** By query or key: address of the head's table rows as panels; by key: of k table^T [S, wideR]. */
  readonly panels: number;
  readonly products: number;
  readonly wideR: number;
}

const upToPanel = (count: number) => Math.ceil(count / panelColumns) * panelColumns;

/** Scratch is taken from the caller's frame. */
export function attendRelative(
  memory: WasmMemory,
  call: Call,
  out: Mat,
  q: Mat,
  k: Mat,
  v: Mat,
  sequences: Sequences,
  options: AttentionOptions,
  window: number,
  { b, firstHead, endHead, firstQuery = 0, endQuery = sequences.lengthOf(b) }: AttentionPart,
): void {
  const { heads, scale } = options;
  const D = q.cols / heads;
  const S = sequences.lengthOf(b);
  const row = sequences.cuSeqlens[b]!;
  const wideS = upToPanel(S);
  const wideD = upToPanel(D);
  const keys = memory.alloc(panelBytes(S, D));
  const values = memory.alloc(panelBytes(D, S));
  const stride = scoresStride(S);
  const scores = memory.alloc(attentionBlock * stride * 4);
  const context = memory.alloc(attentionBlock * wideD * 4);
  const sums = memory.alloc((attentionBlock + panelColumns) * 4);
  const terms = (options.relative ?? []).map((term): Term => {
    const wideR = upToPanel(term.table.rows);
    const content = term.by !== "head";
    return {
      ...term,
      buckets: stageIntegers(memory, bucketsOf(term.bucketOf, S)),
      panels: content ? memory.alloc(panelBytes(term.table.rows, D)) : 0,
      products: content ? memory.alloc((term.by === "key" ? S : attentionBlock) * wideR * 4) : 0,
      wideR,
    };
  });
  for (let h = firstHead; h < endHead; h++) {
    const at = (x: Mat, t: number) => addressOf(x, row + t, h * D);
    call("packKeys", keys, at(k, 0), S, D, k.stride);
    call("packValues", values, at(v, 0), S, D, v.stride);
    for (const { by, table, panels, products, wideR } of terms) {
      if (by === "head") continue;
      call("packKeys", panels, addressOf(table, 0, h * D), table.rows, D, table.stride);
      if (by === "key") call("gemm", products, at(k, 0), 0, panels, S, wideR, D, wideR, k.stride);
    }
    for (let first = firstQuery; first < endQuery; first += attentionBlock) {
      const rows = Math.min(attentionBlock, endQuery - first);
      call("gemm", scores, at(q, first), 0, keys, rows, wideS, D, stride, q.stride);
      for (const { by, buckets, panels, products, wideR } of terms) {
        if (by === "query") call("gemm", products, at(q, first), 0, panels, rows, wideR, D, wideR, q.stride);
        if (by !== "head") {
          const [rowStride, colStride] = by === "query" ? [wideR, 0] : [0, wideR];
          call("addBuckets", scores, products, buckets, rows, S, stride, rowStride, colStride, 1, first);
        }
      }
      call("scale", scores, scores, rows, S, stride, stride, scale);
      for (const { by, table, buckets } of terms) {
        if (by === "head") call("addBuckets", scores, addressOf(table, 0, h), buckets, rows, S, stride, 0, 0, table.stride, first);
      }
      call("softmaxExp", scores, rows, S, stride, first, window, sums, 1);
      call("gemm", context, scores, 0, values, rows, wideD, S, wideD, stride);
      call("divideRows", at(out, first), context, sums, rows, D, out.stride, wideD);
      const probs = options.probs?.[b];
      if (probs) call("divideRows", addressOf(probs, h * S + first, 0), scores, sums, rows, S, probs.stride, stride);
    }
  }
}

const known = new WeakMap<RelativeTerm["bucketOf"], Int32Array>();

/** buckets[d + S - 1] for the distances d = -(S - 1) .. S - 1; the largest S seen is kept, for a smaller one is its middle. */
function bucketsOf(bucketOf: RelativeTerm["bucketOf"], S: number): Int32Array {
  let all = known.get(bucketOf);
  if (all === undefined || all.length < 2 * S - 1) {
    all = Int32Array.from({ length: 2 * S - 1 }, (_, i) => bucketOf(i - (S - 1)));
    known.set(bucketOf, all);
  }
  const middle = (all.length - 1) / 2;
  return all.subarray(middle - (S - 1), middle + S);
}
