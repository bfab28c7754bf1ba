/**
 * How work is cut into tasks. Every cut falls between elements that are computed independently of each other, so no cut changes a bit:
 * rows of a stretch, panels of output columns of a linear layer, sequences and heads of attention.
 *
 * More tasks than threads: they are claimed one by one, so a thread whose core is busy with something else takes fewer.
 */
import type { Sequences } from "../../../tensor/sequences.ts";

/**
 * Below so many rows linear layers are cut by columns instead: a block of few rows reads all weights for little arithmetic. Measured at T = 64: cut by rows
 * 10% more processor time than one thread takes, by columns 5%; at T = 128 4% by rows.
 */
const FEW_ROWS = 80;
/** A block of 32 rows costs 12% more processor time than one of 64. */
const LEAST_ROWS = 64;
/** Temporaries of a block stay in the second-level cache. */
const MOST_ROWS = 128;
/** Tasks a thread that leave room to share. */
const SHARES = 4;
/** Multiplications below which a task costs less than the barrier after it. */
const SMALL = 100_000;

/** Blocks of rows for a stretch of T rows, 1 where it should not be cut by rows. */
export function blocksOf(T: number, threads: number): number {
  if (T < FEW_ROWS) return 1;
  return Math.max(threads, Math.min(SHARES * threads, Math.floor(T / LEAST_ROWS)), Math.ceil(T / MOST_ROWS));
}

/** Ranges of panels for a linear layer outside of a stretch's blocks: one a thread, for every range quantises all of its rows again. */
export function panelRanges(panels: number, multiplications: number, threads: number): [first: number, end: number][] {
  const count = Math.max(1, Math.min(panels, threads, Math.floor(multiplications / SMALL)));
  return Array.from({ length: count }, (_, i) => [Math.floor((panels * i) / count), Math.floor((panels * (i + 1)) / count)]);
}

/** Some heads of one sequence. */
export interface AttentionUnit {
  readonly b: number;
  readonly firstHead: number;
  readonly endHead: number;
}

/** Tasks of attention over all sequences and heads: long sequences are cut by heads, short ones put together. */
export function attentionTasks(sequences: Sequences, heads: number, D: number, threads: number): AttentionUnit[][] {
  const costs = Array.from({ length: sequences.B }, (_, b) => headCost(sequences.lengthOf(b), D));
  const total = heads * costs.reduce((sum, cost) => sum + cost, 0);
  const share = Math.max(SMALL, total / (SHARES * threads));
  const tasks: AttentionUnit[][] = [];
  let filled = share;
  for (const [b, cost] of costs.entries()) {
    const perUnit = Math.min(heads, Math.max(1, Math.round(share / cost)));
    const units = Math.ceil(heads / perUnit);
    for (let i = 0; i < units; i++) {
      const firstHead = Math.floor((heads * i) / units);
      const endHead = Math.floor((heads * (i + 1)) / units);
      if (filled >= share) {
        tasks.push([]);
        filled = 0;
      }
      tasks.at(-1)!.push({ b, firstHead, endHead });
      filled += cost * (endHead - firstHead);
    }
  }
  return tasks;
}

/** Multiplications of a head: two products, the exponentials (ten each) and the packing of K and V. */
function headCost(S: number, D: number): number {
  return S * S * (2 * D + 10) + 8 * S * D;
}
