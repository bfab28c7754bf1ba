/**
 * Starting the worker that holds a model where there is no Node. Bundlers know the form `new Worker(new URL("./main.js", import.meta.url))`
 * and bring the file along.
 */
import { UnsupportedError } from "../errors.ts";
import type { Answer, Request } from "./protocol.ts";

export interface ModelWorker {
  post(request: Request): void;
  /** Whether the worker's pending work keeps the process alive. */
  hold(isBusy: boolean): void;
  terminate(): void;
}

export interface ModelWorkerEvents {
  onAnswer(answer: Answer): void;
  /** The worker is gone. */
  onEnd(error: unknown): void;
}

/** @throws UnsupportedError where the runtime has no workers */
export function spawnModelWorker({ onAnswer, onEnd }: ModelWorkerEvents): ModelWorker {
  if (typeof Worker !== "function")
    throw new UnsupportedError("worker: true needs workers, which this runtime does not have; leave it out");
  const worker = new Worker(new URL("./main.js", import.meta.url), { type: "module", name: "hummingbert model" }); // literals: Vite reads them
  worker.onmessage = ({ data }: MessageEvent<Answer>) => onAnswer(data);
  worker.onerror = (event) => onEnd(new Error(event.message || "the worker's code could not be loaded"));
  return {
    post: (request) => worker.postMessage(request),
    hold: () => {},
    terminate: () => worker.terminate(),
  };
}
