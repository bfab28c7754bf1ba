/**
 * Large reads of one file in the thread pool. Half of what they take are page faults of memory that is new, and the thread that asks has other work
 * while a model loads: files to parse, kernels to compile.
 *
 * What is asked for until nothing else can go on without it becomes one system call where it lies side by side in the file, as the tensors of a
 * model do: a model of 24 MB takes one thread of the pool, and so no core from the work that goes on.
 */
import { needed } from "./node.ts";

interface Wanted {
  readonly target: Uint8Array;
  readonly position: number;
  readonly done: (result: Promise<void>) => void;
}

/** Limits of one call: Linux takes no more buffers, and an abort waits for no more bytes. */
const MOST_BUFFERS = 1024;
const MOST_BYTES = 2 ** 26;

export class AsideReads {
  readonly #fd: number;
  readonly #fill: (target: Uint8Array, position: number) => void;
  #wanted: Wanted[] = [];
  #running = 0;
  #isClosing = false;

  /** @param fill reads on this thread: what the system left out (it may read less than it was asked for), and all of it where the runtime has no readv */
  constructor(fd: number, fill: (target: Uint8Array, position: number) => void) {
    this.#fd = fd;
    this.#fill = fill;
  }

  /** Reads have been asked for and are not begun. */
  get isWaiting(): boolean {
    return this.#wanted.length > 0;
  }

  /** Fills `target`, which may be shared memory, with what the file has from `position` on. */
  read(target: Uint8Array, position: number): Promise<void> {
    if (this.#wanted.length === 0) process.nextTick(() => this.#start()); // comes after all promises that can go on
    return new Promise((done) => this.#wanted.push({ target, position, done }));
  }

  /** Closes the file, after the last read. */
  close(): void {
    this.#isClosing = true;
    if (this.#running === 0 && this.#wanted.length === 0) needed("node:fs").closeSync(this.#fd);
  }

  #start(): void {
    const wanted = this.#wanted.sort((a, b) => a.position - b.position);
    this.#wanted = [];
    const runs: Wanted[][] = [];
    let end = -1;
    let room = 0;
    for (const next of wanted) {
      if (next.position !== end || room < next.target.length || runs.at(-1)!.length === MOST_BUFFERS) {
        runs.push([]);
        room = MOST_BYTES;
      }
      runs.at(-1)!.push(next);
      end = next.position + next.target.length;
      room -= next.target.length;
    }
    this.#running += runs.length;
    for (const run of runs) {
      const result = this.#readRun(run).finally(() => this.#ended());
      for (const { done } of run) done(result);
    }
  }

  #ended(): void {
    this.#running--;
    if (this.#isClosing) this.close();
  }

  async #readRun(run: readonly Wanted[]): Promise<void> {
    const { readv } = needed("node:fs");
    const start = run[0]!.position;
    const targets = run.map(({ target }) => target);
    const count = await new Promise<number>((resolve, reject) => {
      if (typeof readv !== "function") resolve(0);
      else readv(this.#fd, targets, start, (error, bytes) => (error ? reject(error) : resolve(bytes)));
    });
    for (const { target, position } of run) {
      const filled = Math.max(0, start + count - position);
      if (filled < target.length) this.#fill(target.subarray(filled), position + filled);
    }
  }
}
