/** Workers where there is no Node: whether memory can be shared with them, how many cores there are for them, and starting one from its text, as a blob: URL. */
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

/** A page that is not isolated has the type SharedArrayBuffer in some engines, but may not send it. */
export function canShare(): boolean {
  const { crossOriginIsolated } = globalThis as { crossOriginIsolated?: boolean };
  return (
    typeof SharedArrayBuffer === "function" &&
    typeof WebAssembly === "object" &&
    typeof Worker === "function" &&
    crossOriginIsolated === true
  );
}

export function cores(): number {
  return (typeof navigator === "object" && navigator?.hardwareConcurrency) || 1;
}

/** @throws where the runtime refuses (a page policy without worker-src blob:) */
export function spawnWorker(source: string, { onJoined, onFailure }: WorkerEvents): PoolWorker {
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
