/**
 * A model and what is loaded beside it. Most of a model's time is that of its weights' bytes, which other threads read: this thread parses the
 * tokenizer's files meanwhile.
 */

import { throwIfAborted } from "../checks.ts";
import { nextTurn } from "../tensor/turn.ts";

/** A caller's abort ends it at once, though bytes may still be on their way. `rest` begins once the model waits for bytes. Where one of the two fails its signal ends the other, too, and a model that is there already is disposed. */
export async function loadBeside<Model, Rest>(
  loadModel: (signal: AbortSignal) => Promise<Model>,
  rest: (signal: AbortSignal) => Promise<Rest>,
  dispose: (model: Model) => void,
  signal?: AbortSignal,
): Promise<[Model, Rest]> {
  throwIfAborted(signal);
  const stop = new AbortController();
  let follow = () => {};
  const aborted = new Promise<never>((_, reject) => {
    follow = () => reject(signal!.reason);
  });
  signal?.addEventListener("abort", follow);
  const loading = loadModel(stop.signal);
  try {
    return await Promise.race([Promise.all([loading, nextTurn().then(() => rest(stop.signal))]), aborted]);
  } catch (error) {
    stop.abort(error);
    loading.then(dispose, () => undefined);
    throw error;
  } finally {
    signal?.removeEventListener("abort", follow);
  }
}
