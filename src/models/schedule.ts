/**
 * The order in which every encoder runs:
 *
 *   x0 = embeddings(ids),   x_{l+1} = block_l(x_l)
 *
 * cut where attention crosses rows. Between two attentions everything is row-local, so the end of one block and what the next attention reads (Q, K, V) are one
 * stretch over blocks of rows.
 */

import type { TokenBatch } from "../layers/tokens.ts";
import type { Backend } from "../tensor/backend.ts";
import type { Mat, Rows } from "../tensor/mat.ts";
import type { Taps } from "./encoder.ts";

/** What an encoder does with some rows of a pass; `attend` sees them all. */
export interface Steps<Block> {
  /** x [rows, C] = the embeddings. */
  embed(x: Mat, rows: Rows): void;
  /** What the attention of `block` reads, from its input x [rows, C]. Behind the last block there is none. */
  enter(block: Block | undefined, x: Mat, rows: Rows): void;
  attend(block: Block, probs: readonly Mat[] | undefined): void;
  /** out [rows, C] = the block's output, from its input x [rows, C] and its attention. */
  leave(block: Block, out: Mat, x: Mat, rows: Rows): void;
}

/**
 * Runs the blocks. `begin` allocates what crosses rows and gives the steps.
 * @returns the last x [T, C], and all of them where taps.hiddenStates wants them
 */
export function runBlocks<Block>(
  backend: Backend,
  batch: TokenBatch,
  taps: Taps,
  { C, H }: { readonly C: number; readonly H: number },
  blocks: readonly Block[],
  begin: (T: number) => Steps<Block>,
): { readonly last: Mat; readonly states: readonly Mat[] } {
  const { T } = batch.sequences;
  // x_l lives in states[l % length]: two buffers that alternate, or one for each block when someone wants to see them all
  const states = Array.from({ length: taps.hiddenStates ? blocks.length + 1 : 2 }, () => backend.alloc(T, C));
  const state = (l: number) => states[l % states.length]!;
  const probs = blocks.map(() => (taps.attentions ? allocProbs(backend, batch, H) : undefined));
  backend.frame(() => {
    const { embed, enter, attend, leave } = begin(T);
    backend.stretch(T, (rows) => {
      const x = state(0).slice(rows);
      embed(x, rows);
      enter(blocks[0], x, rows);
    });
    // what `begin` allocated lies behind these: where they are the same, so is it
    const used = [...states, ...probs.flatMap((mats) => mats ?? [])];
    backend.repeatable(`blocks ${batch.sequences.cuSeqlens}`, used, () => {
      blocks.forEach((block, l) => {
        attend(block, probs[l]);
        backend.stretch(T, (rows) => {
          const y = state(l + 1).slice(rows);
          leave(block, y, state(l).slice(rows), rows);
          enter(blocks[l + 1], y, rows);
        });
      });
    });
  });
  taps.attentions?.push(...probs.map((mats) => mats!));
  return { last: state(blocks.length), states };
}

/** One Mat [H * S, S] for each sequence, for the softmax of one attention. */
function allocProbs(backend: Backend, { sequences }: TokenBatch, H: number): Mat[] {
  return Array.from({ length: sequences.B }, (_, b) => {
    const S = sequences.lengthOf(b);
    return backend.alloc(H * S, S);
  });
}
