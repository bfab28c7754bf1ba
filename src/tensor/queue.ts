/**
 * Calls on one model queue: first in, first out, one running at a time.
 *
 * A call may consist of several passes. Between two of them it calls `pause`, which gives the event loop a turn and then
 * throws if the call was aborted or the queue disposed meanwhile; a pass itself is never interrupted.
 * A waiting call that is aborted is rejected at once and never runs. Nothing here knows of tensors.
 */

import { DisposedError } from "../errors.ts";
import { nextTurn } from "./turn.ts";

/** Gives the event loop a turn; throws the signal's reason after an abort, DisposedError after dispose. */
export type Pause = () => Promise<void>;

interface Call {
  readonly run: () => Promise<void>;
  readonly reject: (reason: unknown) => void;
}

export class CallQueue {
  readonly #owner: string;
  readonly #waiting = new Set<Call>(); // in order of arrival, which is the order of a Set
  #isRunning = false;
  #isDisposed = false;
  #release: (() => void) | undefined;

  /** @param owner named in the DisposedError, e.g. "BertModel of ./folder" */
  constructor(owner: string) {
    this.#owner = owner;
  }

  get isDisposed(): boolean {
    return this.#isDisposed;
  }

  /** Runs `job` when its turn comes. @throws DisposedError after dispose(), the signal's reason after an abort */
  run<R>(job: (pause: Pause) => Promise<R>, signal?: AbortSignal): Promise<R> {
    const pause: Pause = async () => {
      await nextTurn();
      if (this.#isDisposed) throw this.#disposedError();
      signal?.throwIfAborted();
    };
    return new Promise<R>((resolve, reject) => {
      if (this.#isDisposed) throw this.#disposedError();
      signal?.throwIfAborted();
      const onAbort = () => {
        if (this.#waiting.delete(call)) reject(signal?.reason);
      };
      const call: Call = {
        run: () => {
          signal?.removeEventListener("abort", onAbort);
          return job(pause).then(resolve, reject);
        },
        reject: (reason) => {
          signal?.removeEventListener("abort", onAbort);
          reject(reason);
        },
      };
      signal?.addEventListener("abort", onAbort);
      this.#waiting.add(call);
      void this.#work();
    });
  }

  /** Rejects the calls that wait; `release` runs once nothing uses the model any more: now, or when the running pass is over. */
  dispose(release: () => void): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    for (const call of this.#waiting) call.reject(this.#disposedError());
    this.#waiting.clear();
    if (this.#isRunning) this.#release = release;
    else release();
  }

  async #work(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    await undefined; // nothing runs inside the caller's own turn: an abort or dispose right after the call still finds it waiting
    for (const call of this.#waiting) {
      this.#waiting.delete(call); // a Set may grow and shrink while it is walked: calls that arrive meanwhile are walked too
      await call.run();
      if (this.#waiting.size > 0) await nextTurn();
    }
    this.#isRunning = false;
    this.#release?.();
  }

  #disposedError(): DisposedError {
    return new DisposedError(`${this.#owner} was disposed; load the model again to use it`);
  }
}
