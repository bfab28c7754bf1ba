/**
 * Work that several callers want at the same time is done once: the second caller joins the first one's download. Each caller can leave by
 * its own signal; the work itself is aborted when the last one has left, and the last one leaves only when the work has cleaned up.
 */

import { throwIfAborted } from "../checks.ts";

export type OnBytes = (loaded: number, total: number | undefined) => void;

interface Flight<Result> {
  readonly promise: Promise<Result>;
  readonly controller: AbortController;
  readonly listeners: Set<OnBytes>;
  /** What the listeners have heard last. */
  last: Parameters<OnBytes> | undefined;
  waiting: number;
}

export class InFlight<Result> {
  readonly #flights = new Map<string, Flight<Result>>();
  readonly #givenUp = new Set<Promise<unknown>>();

  /** Resolves when everything that was given up has cleaned up. */
  cleared(): Promise<unknown> {
    return Promise.all(this.#givenUp);
  }

  /** Joins the work `key`, or starts it. */
  async join(
    key: string,
    work: (signal: AbortSignal, onBytes: OnBytes) => Promise<Result>,
    signal?: AbortSignal,
    onBytes?: OnBytes,
  ): Promise<Result> {
    throwIfAborted(signal);
    const last = this.#flights.get(key)?.last;
    if (last !== undefined) onBytes?.(...last);
    throwIfAborted(signal); // whoever hears of progress may abort there
    const flight = this.#flights.get(key) ?? this.#start(key, work);
    flight.waiting++;
    if (onBytes !== undefined) flight.listeners.add(onBytes);
    try {
      return await this.#leavable(key, flight, signal);
    } finally {
      if (onBytes !== undefined) flight.listeners.delete(onBytes);
    }
  }

  #start(key: string, work: (signal: AbortSignal, onBytes: OnBytes) => Promise<Result>): Flight<Result> {
    const controller = new AbortController();
    const listeners = new Set<OnBytes>();
    const tell: OnBytes = (loaded, total) => {
      flight.last = [loaded, total];
      for (const listener of listeners) listener(loaded, total);
    };
    // A turn later, so that `flight` exists when the work first reports.
    const promise = Promise.resolve().then(() => work(controller.signal, tell));
    const flight: Flight<Result> = { promise, controller, listeners, last: undefined, waiting: 0 };
    this.#flights.set(key, flight);
    const done = () => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    };
    promise.then(done, done);
    return flight;
  }

  #leavable(key: string, flight: Flight<Result>, signal: AbortSignal | undefined): Promise<Result> {
    if (signal === undefined) return flight.promise;
    return new Promise((resolve, reject) => {
      const leave = () => {
        flight.waiting--; // at once: one abort may take several callers along, and the last of them must know that it is
        if (flight.waiting > 0) return reject(signal.reason);
        this.#flights.delete(key); // whoever comes now starts anew
        flight.controller.abort(signal.reason);
        const gone = () => {
          this.#givenUp.delete(cleaning);
          reject(signal.reason);
        };
        const cleaning = flight.promise.then(gone, gone);
        this.#givenUp.add(cleaning);
      };
      signal.addEventListener("abort", leave, { once: true });
      const settle = () => signal.removeEventListener("abort", leave);
      flight.promise.then(
        (result) => {
          settle();
          resolve(result);
        },
        (error) => {
          settle();
          reject(error);
        },
      );
    });
  }
}
