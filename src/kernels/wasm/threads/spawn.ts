/** Starting one worker from its text: Node's worker_threads where there are any (Deno and Bun have them), else a web worker from a blob: URL. */
import { nodeWorkers } from "./support.ts";
import type { Joined, Message } from "./worker-source.ts";

export interface PoolWorker {
  post(message: Message): void;
  /** Resolves when the worker runs nothing any more. */
  stop(): Promise<void>;
}

export interface WorkerEvents {
  onJoined(id: number): void;
  onFailure(error: unknown): void;
}

/** @throws where the runtime refuses (a page policy without worker-src blob:) */
export function spawnWorker(source: string, events: WorkerEvents): PoolWorker {
  return nodeWorkers() ? spawnNode(source, events) : spawnWeb(source, events);
}

function spawnNode(source: string, { onJoined, onFailure }: WorkerEvents): PoolWorker {
  const { Worker } = nodeWorkers()!;
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

function spawnWeb(source: string, { onJoined, onFailure }: WorkerEvents): PoolWorker {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(url, { name: "hummingbert" });
  worker.onmessage = ({ data }: MessageEvent<Joined>) => {
    URL.revokeObjectURL(url);
    onJoined(data.joined);
  };
  worker.onerror = (event) => onFailure(new Error(event.message || "the worker could not be started"));
  worker.onmessageerror = () => onFailure(new Error("the worker could not read a message"));
  return {
    post: (message) => worker.postMessage(message),
    stop: async () => worker.terminate(),
  };
}
