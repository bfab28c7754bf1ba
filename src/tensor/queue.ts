/**
 * Calls on one model queue: first in, first out, one running at a time. The queue holds what they use and hands it to each in turn,
 * so that dispose() lets go of all of it: whoever keeps a disposed model keeps none of its weights.
 *
 * A call may consist of several passes. Between two of them it calls `pause`, which gives the event loop a turn and then
 * throws if the call was aborted or the queue disposed meanwhile; a pass itself is never interrupted.
 * A waiting call that is aborted is rejected at once and never runs. Nothing here knows of tensors.
 */

import { throwIfAborted } from "../checks.ts";
import { DisposedError } from "../errors.ts";
import { nextTurn } from "./turn.ts";

/** Gives the event loop a turn; throws the signal's reason after an abort, DisposedError after dispose. */
export type Pause = () => Promise<void>;

interface Call {
  readonly run: () => Promise<void>;
  readonly reject: (reason: unknown) => void;
}

export class CallQueue<Resource> {
  readonly #owner: string;
  readonly #release: (resource: Resource) => void;
  readonly #waiting = new Set<Call>(); // in order of arrival, which is the order of a Set
  #resource: Resource | undefined; // undefined once released
  #isRunning = false;
  #isDisposed = false;

  /**
   * @param owner named in the DisposedError, e.g. "BertModel of ./folder"
   * @param release called once, when the queue is disposed and no pass runs any more
   */
  constructor(owner: string, resource: Resource, release: (resource: Resource) => void) {
    this.#owner = owner;
    this.#resource = resource;
    this.#release = release;
  }

  /** @throws DisposedError once it is released */
  get resource(): Resource {
    if (this.#resource === undefined) throw this.#disposedError();
    return this.#resource;
  }

  /** Runs `job` when its turn comes. @throws DisposedError after dispose(), the signal's reason after an abort */
  run<R>(job: (resource: Resource, pause: Pause) => Promise<R>, signal?: AbortSignal): Promise<R> {
    const pause: Pause = async () => {
      await nextTurn();
      if (this.#isDisposed) throw this.#disposedError();
      throwIfAborted(signal);
    };
    return new Promise<R>((resolve, reject) => {
      if (this.#isDisposed) throw this.#disposedError();
      throwIfAborted(signal);
      const onAbort = () => {
        if (this.#waiting.delete(call)) reject(signal?.reason);
      };
      const call: Call = {
        run: () => {
          signal?.removeEventListener("abort", onAbort);
          return job(this.resource, pause).then(resolve, reject);
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

  /** Rejects the calls that wait, and releases once nothing uses the resource any more: now, or when the running pass is over. */
  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    for (const call of this.#waiting) call.reject(this.#disposedError());
    this.#waiting.clear();
    if (!this.#isRunning) this.#letGo();
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
    if (this.#isDisposed) this.#letGo();
  }

  #letGo(): void {
    this.#release(this.resource);
    this.#resource = undefined;
  }

  #disposedError(): DisposedError {
    return new DisposedError(`${this.#owner} was disposed; load the model again to use it`);
  }
}
