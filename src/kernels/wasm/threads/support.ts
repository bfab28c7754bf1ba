/**
 * What this runtime offers to threads: shared memory that can be sent to a worker, a thread that may sleep, a number of cores.
 */
import { unexpected } from "../../../checks.ts";
import { canShare, cores } from "./spawn.ts";

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

let hasWarned = false;

/** Says once why models run on one thread although more were asked for. */
export function warnOneThread(reason: string): void {
  if (!hasWarned) console.warn(`hummingbert: models run on one thread: ${reason}`);
  hasWarned = true;
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
