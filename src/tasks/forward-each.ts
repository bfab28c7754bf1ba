/**
 * Many inputs through a model's head, a token budget at a time: what comes out is read pass by pass, so that hidden states of
 * thousands of texts never lie in memory together. Between passes the event loop gets a turn and an abort is seen.
 */

import type { Model, ModelInput, ModelOutput } from "../models/types.ts";
import { nextTurn } from "../tensor/turn.ts";
import { batchesOf } from "./token-batches.ts";

/** Tokens of one forward call: room for 20 labels of a long text, or a dozen windows of a context, as one ragged batch. */
const TOKENS_A_CALL = 4096;

export interface ForwardEachOptions {
  readonly signal?: AbortSignal | undefined;
  /** Positions of each input whose logits are wanted (heads over tokens); all when absent. */
  readonly rows?: readonly (readonly number[])[] | undefined;
}

/**
 * @param read takes what it needs of input i from the output of its pass, where it is entry `at`
 * @returns one result an input, in order
 */
export async function forwardEach<Result>(
  model: Model,
  inputs: readonly ModelInput[],
  read: (output: ModelOutput, at: number, i: number) => Result,
  { signal, rows }: ForwardEachOptions = {},
): Promise<Result[]> {
  const results: Result[] = [];
  for await (const batch of batchesOf(inputs.keys(), (i) => inputs[i]!.ids.length, TOKENS_A_CALL)) {
    if (results.length > 0) await nextTurn();
    const output = await model.forward(
      batch.map((i) => inputs[i]!),
      { ...(signal && { signal }), ...(rows && { rows: batch.map((i) => rows[i]!) }) },
    );
    results.push(...batch.map((i, at) => read(output, at, i)));
  }
  if (inputs.length === 0) await model.forward([], { ...(signal && { signal }) }); // a disposed model says so, whatever it is asked
  return results;
}
