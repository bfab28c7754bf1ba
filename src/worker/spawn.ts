/**
 * Starting the worker that holds a model. Its code is main.ts beside this file: as TypeScript under tsx (and in tests), as main.js in dist.
 * Bundlers for browsers know the form `new Worker(new URL("./main.js", import.meta.url))` and bring the file along.
 */
import { UnsupportedError } from "../errors.ts";
import { builtin, needed } from "../files/node.ts";
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

const NAME = "hummingbert model";

/** @throws UnsupportedError where the runtime has no workers */
export function spawnModelWorker(events: ModelWorkerEvents): ModelWorker {
  const node = builtin("node:worker_threads");
  if (node) return spawnNode(node, events);
  if (typeof Worker !== "function")
    throw new UnsupportedError("worker: true needs workers, which this runtime does not have; leave it out");
  return spawnWeb(events);
}

function spawnNode({ Worker }: typeof import("node:worker_threads"), { onAnswer, onEnd }: ModelWorkerEvents): ModelWorker {
  const isSource = import.meta.url.endsWith(".ts");
  const worker = new Worker(new URL(isSource ? "./main.ts" : "./main.js", import.meta.url), {
    execArgv: isSource ? ["--import", typeScriptHooks()] : [],
    name: NAME,
  });
  worker.on("message", onAnswer);
  worker.on("error", onEnd);
  worker.on("exit", (code) => onEnd(new Error(`the worker exited with code ${code}`)));
  return {
    post: (request) => worker.postMessage(request),
    hold: (isBusy) => (isBusy ? worker.ref() : worker.unref()),
    terminate: () => void worker.terminate(),
  };
}

/** In a checkout main.ts is read by the checkout's own tsx: hooks of the caller's thread do not reach a worker on every Node. */
function typeScriptHooks(): string {
  const { createRequire } = needed("node:module");
  const { pathToFileURL } = needed("node:url");
  const api = pathToFileURL(createRequire(import.meta.url).resolve("tsx/esm/api")).href.replace(/\.cjs$/, ".mjs");
  return `data:text/javascript,${encodeURIComponent(`import { register } from "${api}"; register();`)}`;
}

function spawnWeb({ onAnswer, onEnd }: ModelWorkerEvents): ModelWorker {
  const worker = new Worker(new URL("./main.js", import.meta.url), { type: "module", name: "hummingbert model" }); // literals: Vite reads them
  worker.onmessage = ({ data }: MessageEvent<Answer>) => onAnswer(data);
  worker.onerror = (event) => onEnd(new Error(event.message || "the worker's code could not be loaded"));
  return {
    post: (request) => worker.postMessage(request),
    hold: () => {},
    terminate: () => worker.terminate(),
  };
}
