/**
 * Texts to passes: consecutive texts are put together until a pass holds about `tokenBudget` tokens.
 *
 * Memory is bounded by the budget whatever the number of texts, which may be a stream; between passes the event loop gets a turn.
 * Engines that pad sort texts by length first. A ragged batch has no padding, so the order of the texts is kept and nothing is sorted.
 */

import { ConfigError } from "../errors.ts";

/**
 * Tokens a pass on a CPU. Kernels reach their speed from about 128 rows on; 1024 tokens of MiniLM take about 0.2 s on one thread,
 * which bounds the wait for an abort, and their hidden states (1.5 MB) stay in cache.
 */
const CPU_TOKEN_BUDGET = 1024;
/** With WebGPU a pass costs its dispatches whatever its size, so it should be long. */
const LONG_PASSES: Readonly<Record<string, number>> = { webgpu: 8192 };

/** The caller's budget, checked, or what suits the backend. It never changes a result. */
export function tokenBudgetFor(backend: string, tokenBudget?: number): number {
  if (tokenBudget === undefined) return LONG_PASSES[backend] ?? CPU_TOKEN_BUDGET;
  if (Number.isInteger(tokenBudget) && tokenBudget > 0) return tokenBudget;
  throw new ConfigError(`tokenBudget must be an integer above 0, got ${tokenBudget}`);
}

/** Consecutive items whose sizes sum to at most the budget; an item above it comes alone. */
export async function* batchesOf<Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
  sizeOf: (item: Item) => number,
  tokenBudget: number,
): AsyncGenerator<Item[]> {
  let batch: Item[] = [];
  let tokens = 0;
  for await (const item of items) {
    const size = sizeOf(item);
    if (batch.length > 0 && tokens + size > tokenBudget) {
      yield batch;
      batch = [];
      tokens = 0;
    }
    batch.push(item);
    tokens += size;
  }
  if (batch.length > 0) yield batch;
}
