/**
 * Texts to passes: consecutive texts are put together until a pass holds about `tokenBudget` tokens.
 *
 * Memory is bounded by the budget whatever the number of texts, which may be a stream; between passes the event loop gets a turn.
 * Engines that pad sort texts by length first. A ragged batch has no padding, so the order of the texts is kept and nothing is sorted.
 */

import { checkInteger } from "../checks.ts";
import { tokensPerPass } from "../models/input.ts";

/** The caller's budget, checked, or what suits the backend. It never changes a result. */
export function tokenBudgetFor(backend: string, tokenBudget?: number): number {
  if (tokenBudget === undefined) return tokensPerPass(backend);
  checkInteger(tokenBudget, "tokenBudget");
  return tokenBudget;
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
