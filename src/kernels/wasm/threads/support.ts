/**
 * What this runtime offers to threads: shared memory that can be sent to a worker, a thread that may sleep, a number of cores.
 */
import { unexpected } from "../../../checks.ts";

/** Cores beyond this bring little: a pass of a small model has too few rows and heads for them. */
const MOST_AUTOMATIC = 8;
export const MOST_THREADS = 64;

/** `threads` of LoadOptions as a number. @throws ConfigError for what is neither "auto" nor a whole number from 1 on */
export function threadCount(threads: number | "auto" | undefined): number {
  if (threads !== undefined && threads !== "auto" && !(Number.isInteger(threads) && threads >= 1 && threads <= MOST_THREADS))
    throw unexpected("threads", `"auto" or a whole number from 1 to ${MOST_THREADS}`, threads);
  if (!canShare()) return 1;
  return typeof threads === "number" ? threads : Math.max(1, Math.min(cores(), MOST_AUTOMATIC));
}

/** Shared memory in pages of 64 KiB, undefined where the runtime has none. Some refuse to set 4 GiB of addresses aside; none is used before it is needed. */
export function sharedMemory(): WebAssembly.Memory | undefined {
  for (let maximum = 65536; maximum >= 4096; maximum /= 2) {
    try {
      return new WebAssembly.Memory({ initial: 1, maximum, shared: true });
    } catch {
      // half of it, then
    }
  }
  return undefined;
}

function hasBuiltins(): boolean {
  return typeof process === "object" && typeof process?.getBuiltinModule === "function";
}

/** Node's worker_threads (Deno and Bun have it, too), reached without an import so that bundles for browsers stay whole. */
export function nodeWorkers(): typeof import("node:worker_threads") | undefined {
  return hasBuiltins() ? process.getBuiltinModule("node:worker_threads") : undefined;
}

let hasWarned = false;

/** Says once why models run on one thread although more were asked for. */
export function warnOneThread(reason: string): void {
  if (!hasWarned) console.warn(`hummingbert: models run on one thread: ${reason}`);
  hasWarned = true;
}

/** Whether there are node:worker_threads, without loading them: that takes 2 ms, which the first result need not wait for. */
function hasNodeWorkers(): boolean {
  return hasBuiltins() && process.getBuiltinModule("node:module")?.isBuiltin?.("node:worker_threads") === true;
}

function canShare(): boolean {
  if (typeof SharedArrayBuffer !== "function" || typeof WebAssembly !== "object") return false;
  if (hasNodeWorkers()) return true;
  // A page that is not isolated has the type in some engines, but may not send it.
  return typeof Worker === "function" && (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated === true;
}

function cores(): number {
  if (typeof navigator === "object" && typeof navigator?.hardwareConcurrency === "number") return navigator.hardwareConcurrency;
  if (!hasNodeWorkers()) return 1;
  const os = process.getBuiltinModule("node:os");
  return typeof os.availableParallelism === "function" ? os.availableParallelism() : os.cpus().length;
}

let sleeps: boolean | undefined;

/** False on a browser's main thread. */
export function maySleep(): boolean {
  if (sleeps === undefined) {
    try {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0);
      sleeps = true;
    } catch {
      sleeps = false;
    }
  }
  return sleeps;
}
