/**
 * Attention of one sequence over some of its heads (tensor/attention.ts is the definition; relative terms are composed in relative-attention.ts).
 *
 * Per head: keys and values become panels (attention-pack.ts); per block of queries:
 *
 *     scores = q k^T      numerators = exp(scale (scores - row maximum)), sums      context = numerators v      out = context / sums
 *
 * The division comes after the product: D quotients a row instead of S. A block's scores are [block, S] and stay in cache.
 * With a window a block needs only the keys within reach of its rows: they are packed for the block. A query's bits do not depend on the range it is computed in:
 * a key outside its window adds an exact zero, the softmax follows the row's own window, and blocks begin at multiples of `attentionBlock` in every range,
 * because the product with V sums in chains of 128 keys (gemm.ts) from the first key of the block.
 */

import * as i32 from "./emitter/i32.ts";
import type { ModuleBuilder } from "./emitter/module.ts";
import { panelColumns } from "./panels.ts";

/** Queries in a block: enough for the GEMM tiles, few enough for scores [48, 512] to stay in the second-level cache. */
export const attentionBlock = 48;

const padded = (count: number) => Math.ceil(count / panelColumns) * panelColumns;

/** Room for what softmaxExp does behind the last score; it also keeps rows of 2^k columns from meeting in the same sets of the first cache. */
export const scoresStride = (S: number) => padded(S) + panelColumns;

/** Bytes of scratch that attention of a sequence of S tokens takes. */
export function attentionScratch(S: number, D: number): number {
  const keys = padded(S) * (D + 1);
  const values = padded(D) * (S + 1);
  return 4 * (keys + values + attentionBlock * (scoresStride(S) + padded(D) + 1) + panelColumns);
}

/** What of a batch's attention is computed together: queries [firstQuery, endQuery) of heads [firstHead, endHead) of sequence b; all queries unless given. */
export interface AttentionPart {
  readonly b: number;
  readonly firstHead: number;
  readonly endHead: number;
  readonly firstQuery?: number;
  readonly endQuery?: number;
}

/**
 * attention(out, q, k, v, S, D, firstHead, endHead, firstQuery, endQuery, strides..., window, probs, probsStride, scratch, scale):
 * addresses of the sequence's first row, head 0; every range of queries packs the head's keys and values anew.
 * window < 0 is none. probs, unless 0, is [H * S, S] and gets the rows of those heads and queries (within the window; the rest is zero already).
 */
export function defineAttention(module: ModuleBuilder): void {
  const gemm = module.exported("gemm");
  const packKeys = module.exported("packKeys");
  const packValues = module.exported("packValues");
  const softmaxExp = module.exported("softmaxExp");
  const divideRows = module.exported("divideRows");

  module.function("attention", { i32: 18, f32: 1 }, (f, ...locals) => {
    const [
      out,
      q,
      k,
      v,
      S,
      D,
      head,
      endHead,
      firstQuery,
      endQuery,
      outStride,
      qStride,
      kStride,
      vStride,
      window,
      probs,
      probsStride,
      scratch,
      scale,
    ] = locals;
    const bytes = (count: Parameters<typeof i32.shl>[0]) => i32.shl(count, 2);
    const upToPanel = (count: typeof S) => i32.and(i32.add(count, panelColumns - 1), -panelColumns);
    const wideS = f.i32(upToPanel(S));
    const wideD = f.i32(upToPanel(D));
    const keys = f.i32(scratch);
    const values = f.i32(i32.add(keys, bytes(i32.mul(wideS, i32.add(D, 1)))));
    const scores = f.i32(i32.add(values, bytes(i32.mul(wideD, i32.add(S, 1)))));
    const stride = f.i32(i32.add(wideS, panelColumns));
    const context = f.i32(i32.add(scores, bytes(i32.mul(stride, attentionBlock))));
    const sums = f.i32(i32.add(context, bytes(i32.mul(wideD, attentionBlock))));
    const windowed = f.i32(i32.ge_s(window, 0));
    const first = f.i32();
    const low = f.i32();
    const count = f.i32();
    const pack = (kHead: typeof S, vHead: typeof S) => {
      f.call(packKeys, keys, i32.add(kHead, bytes(i32.mul(low, kStride))), count, D, kStride);
      f.call(packValues, values, i32.add(vHead, bytes(i32.mul(low, vStride))), count, D, vStride);
    };
    f.while(
      () => i32.lt_s(head, endHead),
      () => {
        const column = f.i32(bytes(i32.mul(head, D)));
        const qHead = f.i32(i32.add(q, column));
        const kHead = f.i32(i32.add(k, column));
        const vHead = f.i32(i32.add(v, column));
        const outHead = f.i32(i32.add(out, column));
        low.set(i32.const(0));
        count.set(S);
        f.if(i32.eqz(windowed), () => pack(kHead, vHead));
        first.set(firstQuery);
        f.while(
          () => i32.lt_s(first, endQuery),
          () => {
            const left = f.i32(i32.sub(endQuery, first));
            const inBlock = f.i32(i32.rem_u(first, attentionBlock));
            const room = f.i32(i32.sub(attentionBlock, inBlock));
            const rows = f.i32(i32.min_s(left, room));
            f.if(windowed, () => {
              low.set(i32.sub(i32.sub(first, inBlock), window));
              low.set(i32.max_s(low, 0));
              const high = f.i32(i32.add(i32.add(first, rows), window));
              count.set(i32.sub(i32.min_s(high, S), low));
              pack(kHead, vHead);
            });
            const queries = i32.add(qHead, bytes(i32.mul(first, qStride)));
            f.call(gemm, scores, queries, 0, keys, rows, upToPanel(count), D, stride, qStride);
            f.call(softmaxExp, scores, rows, count, stride, i32.sub(first, low), window, sums, scale);
            f.call(gemm, context, scores, 0, values, rows, wideD, count, wideD, stride);
            f.call(divideRows, i32.add(outHead, bytes(i32.mul(first, outStride))), context, sums, rows, D, outStride, wideD);
            f.if(probs, () => {
              const row = i32.mul(i32.add(i32.mul(head, S), first), probsStride);
              f.call(divideRows, i32.add(probs, bytes(i32.add(row, low))), scores, sums, rows, count, probsStride, stride);
            });
            first.add(rows);
          },
        );
        head.add(1);
      },
    );
  });
}
