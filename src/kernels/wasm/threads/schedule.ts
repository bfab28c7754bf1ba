/**
 * How work is cut into tasks. Every cut falls between elements that are computed independently of each other, so no cut changes a bit:
 * rows of a stretch, panels of output columns of a linear layer, sequences and heads of attention.
 *
 * More tasks than threads: they are claimed one by one, so a thread whose core is busy with something else takes fewer.
 */
import type { Sequences } from "../../../tensor/sequences.ts";
import { type AttentionPart, attentionBlock } from "../attention.ts";

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
const SMALL = 25_000;

/** Blocks of rows for a stretch of T rows, 1 where it should not be cut by rows. */
export function blocksOf(T: number, threads: number): number {
  if (T < FEW_ROWS) return 1;
  return Math.max(threads, Math.min(SHARES * threads, Math.floor(T / LEAST_ROWS)), Math.ceil(T / MOST_ROWS));
}

/** Tasks for a linear layer outside of a stretch's blocks: as many for each thread. */
export function panelTasks(panels: number, multiplications: number, threads: number): number {
  const most = Math.max(1, Math.min(panels, SHARES * threads, Math.floor(multiplications / SMALL)));
  return most > threads ? most - (most % threads) : most;
}

/** Tasks of attention over all sequences and heads: long sequences are cut by heads, and those by queries where that shares them out better. */
export function attentionTasks(sequences: Sequences, heads: number, D: number, threads: number): AttentionPart[][] {
  const costs = Array.from({ length: sequences.B }, (_, b) => headCost(sequences.lengthOf(b), D));
  const total = heads * costs.reduce((sum, cost) => sum + cost, 0);
  const share = Math.max(SMALL, total / (SHARES * threads));
  const longHeads = heads * costs.filter((cost) => cost > share).length;
  const tasks: AttentionPart[][] = [];
  let filled = share;
  for (const [b, cost] of costs.entries()) {
    const S = sequences.lengthOf(b);
    const perUnit = Math.min(heads, Math.max(1, Math.round(share / cost)));
    const units = Math.ceil(heads / perUnit);
    const runs = cost > share ? queryRuns(longHeads, threads, Math.floor(S / attentionBlock)) : 1;
    for (let i = 0; i < units * runs; i++) {
      const [unit, run] = [Math.floor(i / runs), i % runs];
      const firstHead = Math.floor((heads * unit) / units);
      const endHead = Math.floor((heads * (unit + 1)) / units);
      if (filled >= share || runs > 1) {
        tasks.push([]);
        filled = 0;
      }
      const queries = { firstQuery: Math.floor((S * run) / runs), endQuery: Math.floor((S * (run + 1)) / runs) };
      tasks.at(-1)!.push({ b, firstHead, endHead, ...queries });
      filled += (cost * (endHead - firstHead)) / runs;
    }
  }
  return tasks;
}

/** Runs of queries to cut heads into: as few as keep all threads busy (12 heads on 5 threads: 3, 3, 2, 2, 2; 24 halves: 5, 5, 5, 5, 4), for each packs K and V anew. */
function queryRuns(heads: number, threads: number, most: number): number {
  const busy = (runs: number) => (heads * runs) / (threads * Math.ceil((heads * runs) / threads));
  let best = 1;
  for (let runs = 2; runs <= most; runs++) if (busy(runs) > busy(best) + 0.05) best = runs;
  return best;
}

/** Multiplications of a head: two products, the exponentials (ten each) and the packing of K and V. */
function headCost(S: number, D: number): number {
  return S * S * (2 * D + 10) + 8 * S * D;
}
