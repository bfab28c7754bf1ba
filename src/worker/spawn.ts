/**
 * Starting the worker that holds a model. Its code is main.ts beside this file: as TypeScript under tsx (and in tests), as main.js in dist.
 * Bundlers for browsers take spawn.browser.ts instead (package.json, "browser").
 */
import { builtin, needed } from "../files/node.ts";
import { type ModelWorker, type ModelWorkerEvents, spawnModelWorker as spawnWebWorker } from "./spawn.browser.ts";

/** @throws UnsupportedError where the runtime has no workers */
export function spawnModelWorker(events: ModelWorkerEvents): ModelWorker {
  const node = builtin("node:worker_threads");
  return node ? spawnNode(node, events) : spawnWebWorker(events);
}

function spawnNode({ Worker }: typeof import("node:worker_threads"), { onAnswer, onEnd }: ModelWorkerEvents): ModelWorker {
  const isSource = import.meta.url.endsWith(".ts");
  const worker = new Worker(new URL(isSource ? "./main.ts" : "./main.js", import.meta.url), {
    execArgv: isSource ? ["--import", typeScriptHooks()] : [],
    name: "hummingbert model",
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
