/**
 * Workers of this runtime: whether memory can be shared with them, how many cores there are for them, and starting one from its text. Node's worker_threads
 * where there are any (Deno and Bun have them), else web workers: bundlers for browsers take spawn.browser.ts alone (package.json, "browser").
 */
import {
  type PoolWorker,
  canShare as pageCanShare,
  cores as pageCores,
  spawnWorker as spawnWebWorker,
  type WorkerEvents,
} from "./spawn.browser.ts";
import type { Joined } from "./worker-source.ts";

/** @internal */
export function canShare(): boolean {
  return (typeof SharedArrayBuffer === "function" && typeof WebAssembly === "object" && hasNodeWorkers()) || pageCanShare();
}

/** @internal */
export function cores(): number {
  if ((typeof navigator === "object" && navigator?.hardwareConcurrency) || !hasNodeWorkers()) return pageCores();
  const os = process.getBuiltinModule("node:os");
  return typeof os.availableParallelism === "function" ? os.availableParallelism() : os.cpus().length;
}

/** @throws where the runtime refuses (a page policy without worker-src blob:) */
export function spawnWorker(source: string, events: WorkerEvents): PoolWorker {
  const node = hasBuiltins() ? process.getBuiltinModule("node:worker_threads") : undefined;
  return node ? spawnNode(node, source, events) : spawnWebWorker(source, events);
}

function hasBuiltins(): boolean {
  return typeof process === "object" && typeof process?.getBuiltinModule === "function";
}

/** Whether there are node:worker_threads, without loading them: that takes 2 ms, which the first result need not wait for. */
function hasNodeWorkers(): boolean {
  return hasBuiltins() && process.getBuiltinModule("node:module")?.isBuiltin?.("node:worker_threads") === true;
}

function spawnNode({ Worker }: typeof import("node:worker_threads"), source: string, { onJoined, onFailure }: WorkerEvents): PoolWorker {
  // execArgv is not inherited: tsx and other loaders have no business there
  const worker = new Worker(source, { eval: true, execArgv: [], name: "hummingbert" });
  let isStopping = false;
  worker.on("message", ({ joined }: Joined) => onJoined(joined));
  worker.on("error", onFailure);
  worker.on("exit", (code) => {
    if (!isStopping) onFailure(new Error(`the worker exited with code ${code}`));
  });
  worker.unref();
  return {
    post: (message) => worker.postMessage(message),
    stop: async () => {
      isStopping = true;
      await worker.terminate();
    },
  };
}
