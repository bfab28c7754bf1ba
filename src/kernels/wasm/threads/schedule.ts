/**
 * How work is cut into tasks. Every cut falls between elements that are computed independently of each other, so no cut changes a bit:
 * rows of a stretch, panels of output columns of a linear layer, sequences and heads of attention.
 *
 * More tasks than threads: they are claimed one by one, so a thread whose core is busy with something else takes fewer.
 */
import type { Sequences } from "../../../tensor/sequences.ts";
import { type AttentionPart, attentionBlock } from "../attention.ts";

/**
 * Below so many rows linear layers are cut by columns instead: a block of few rows reads all weights for little arithmetic. Two threads, by columns against
 * by rows: at T = 64 5% faster in f32 and 2% in w8, at 82 3% and 0%, at 112 2% faster and 2% slower, at 128 0% and 3% slower.
 */
const FEW_ROWS = 96;
/** A block of 32 rows costs 12% more processor time than one of 64. */
const LEAST_ROWS = 64;
/** Temporaries of a block stay in the second-level cache. */
const MOST_ROWS = 128;
/** Tasks a thread that leave room to share. */
const SHARES = 4;
/** Multiplications below which a task costs less than the barrier after it. */
const SMALL = 25_000;
/** Multiplications of a task large enough to be one of several of a thread: about 40 us. Smaller ones cost more to record than they share out. */
const LARGE = 2_000_000;

/** Linear layers of so many shapes: 95 numbers of rows, four layers each. */
const MOST_REMEMBERED = 400;

/** Panels [first, end) of a linear layer. */
export interface Panels {
  readonly first: number;
  readonly end: number;
}

/** Blocks of rows for a stretch of T rows: 1 where it should not be cut by rows, else as many for each thread (three blocks take two threads as long as four). */
export function blocksOf(T: number, threads: number): number {
  if (T < FEW_ROWS) return 1;
  const rows = T / threads;
  return threads * Math.max(1, Math.min(SHARES, Math.floor(rows / LEAST_ROWS)), Math.ceil(rows / MOST_ROWS));
}

/**
 * Tasks for a linear layer outside of a stretch's blocks: panels [first, end), the same work for each thread.
 *
 * A task fetches its weights before it computes. Threads that leave a barrier together and run tasks of one size would fetch at the same moments for as long as the
 * layer lasts, each with a part of the memory's speed (T = 64 in f32: 2% of the pass). So thread i begins with a task of (i + 1) / threads of the usual size,
 * and what is left of those comes last.
 */
export function panelTasks(panels: number, multiplications: number, threads: number): Panels[] {
  const few = Math.max(1, Math.min(panels, threads, Math.floor(multiplications / SMALL)));
  const shares = Math.floor(Math.min(panels / threads, SHARES, multiplications / (LARGE * threads)));
  const sizes =
    shares < 2
      ? Array<number>(few).fill(1)
      : Array.from({ length: (shares + 1) * threads - 1 }, (_, i) => Math.min(1, (i + 1) / threads, shares + 1 - (i + 1) / threads));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const tasks: Panels[] = [];
  let sum = 0;
  for (const size of sizes) {
    sum += size;
    const [first, end] = [tasks.at(-1)?.end ?? 0, Math.round((panels * sum) / total)];
    if (end > first) tasks.push({ first, end });
  }
  return tasks;
}

/** The cuts for one number of threads, remembered: a pass asks for the same few in each layer, and working one out takes longer than recording it. */
export class Cuts {
  readonly #threads: number;
  readonly #panels = new Map<string, Panels[]>();
  #attention: { readonly sequences: Sequences; readonly heads: number; readonly D: number; readonly tasks: AttentionPart[][] } | undefined;

  constructor(threads: number) {
    this.#threads = threads;
  }

  /** As panelTasks. */
  panels(panels: number, multiplications: number): readonly Panels[] {
    const key = `${panels} ${multiplications}`;
    let tasks = this.#panels.get(key);
    if (tasks === undefined) {
      if (this.#panels.size === MOST_REMEMBERED) this.#panels.clear();
      tasks = panelTasks(panels, multiplications, this.#threads);
      this.#panels.set(key, tasks);
    }
    return tasks;
  }

  /** As attentionTasks. */
  attention(sequences: Sequences, heads: number, D: number): readonly (readonly AttentionPart[])[] {
    const last = this.#attention;
    if (last?.sequences === sequences && last.heads === heads && last.D === D) return last.tasks;
    const tasks = attentionTasks(sequences, heads, D, this.#threads);
    this.#attention = { sequences, heads, D, tasks };
    return tasks;
  }
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
