/**
 * Team: this thread and the pool's workers on one model's memory. It writes a recorded program beside the scratch and runs it with whoever is awake.
 *
 * This thread takes part as thread 0 and needs nobody else: a program that no worker notices is run by it alone.
 * It sleeps at a barrier where it may (Node, Deno, Bun, any worker); a browser's main thread gives its event loop a turn instead, and so does every thread
 * once a worker has taken suspiciously long, because only the event loop learns that a worker has died.
 */
import { UnsupportedError } from "../../../errors.ts";
import { nextTurn } from "../../../tensor/turn.ts";
import {
  CLOSED,
  CONTROL_BYTES,
  FIRST,
  LOCAL_BASE,
  LOCAL_BYTES,
  PAGES,
  PHASE_BYTES,
  PHASE_COUNT,
  PHASES,
  REMAINING,
  SIGNAL,
  STATE,
  TASK_BYTES,
  WAITERS,
} from "./control.ts";
import type { DeferredMemory } from "./memory.ts";
import { joinPool, type Membership } from "./pool.ts";
import type { Recorder } from "./recorder.ts";
import { maySleep } from "./support.ts";

/** Milliseconds of sleep at one barrier after which the event loop is asked whether a worker has died. */
const PATIENCE = 200;

/** A program in memory: the address of its phases, how many there are, tasks of the first; pages that the memory had; the threads' scratch. */
interface Program {
  readonly at: number;
  readonly phases: number;
  readonly tasks: number;
  readonly pages: number;
  readonly wake: boolean;
  readonly local: { readonly at: number; readonly bytes: number };
}

type Run = (control: number, thread: number, patience: number) => number;

export class Team {
  readonly threads: number;
  readonly #memory: DeferredMemory;
  readonly #module: WebAssembly.Module;
  readonly #run: Run;
  readonly #control: number;
  #membership: Membership | undefined;
  readonly #words: Int32Array;
  /** `state`'s count after the last phase of the programs opened so far. */
  #opened = 0;
  /** Written, and opened when the one before it is over. */
  #next: Program | undefined;
  #local = { at: 0, bytes: 0 };

  /** @param run the export of this thread's instance of `module` */
  constructor(threads: number, memory: DeferredMemory, module: WebAssembly.Module, run: Run) {
    this.threads = threads;
    this.#memory = memory;
    this.#module = module;
    this.#run = run;
    this.#control = memory.reserve(CONTROL_BYTES);
    this.#words = new Int32Array(memory.memory.buffer, this.#control, CONTROL_BYTES / 4); // stays a view of the shared memory when that grows
    this.#setState(0, CLOSED);
  }

  /** True once a worker can help: until then, and after one has died, passes run on this thread without being recorded. */
  get isUp(): boolean {
    return this.#membership?.isUp ?? false;
  }

  /** Starts the workers in the background; later calls do nothing. */
  start(): void {
    this.#membership ??= joinPool(this.#module, this.#memory.memory, this.#control, this.threads);
  }

  leave(): void {
    this.#membership?.leave();
  }

  /** False when all that was added is done: what is added now starts at once. */
  get isBusy(): boolean {
    return this.#next !== undefined || Atomics.load(this.#words, STATE / 4 + 1) !== this.#opened;
  }

  /**
   * Writes a program where nothing else of this pass is and opens it, or leaves it to `join` while another one runs. This thread may record meanwhile.
   * @param wake whether to wake workers for it: a small program ends before one is awake
   */
  add(recorder: Recorder, wake: boolean): void {
    if (recorder.phases.length === 0) return;
    const isBusy = this.isBusy;
    this.#next = this.#write(recorder, wake);
    if (!isBusy) this.#openNext();
  }

  /**
   * Takes part until all that was added is done, which is before the first await wherever this thread may sleep.
   * @throws UnsupportedError when a worker died in the middle of it
   */
  join(): Promise<void> | undefined {
    this.#local = { at: 0, bytes: 0 };
    try {
      return this.#takePart() ? undefined : this.#wait();
    } catch (error) {
      return this.#abandon(error);
    }
  }

  /** False where this thread should not sleep any longer. */
  #takePart(): boolean {
    for (;;) {
      if (this.#run(this.#control, 0, maySleep() ? PATIENCE : 0) !== 1) return false;
      if (this.#next === undefined) return true;
      this.#openNext();
    }
  }

  async #wait(): Promise<void> {
    do {
      await nextTurn();
      const failure = this.#membership?.failure;
      if (failure !== undefined) {
        return this.#abandon(
          new UnsupportedError(`threads: a worker ended in the middle of a pass; this model goes on with one thread`, { cause: failure }),
        );
      }
    } while (!this.#takePart());
  }

  /** No task may still be writing when the next pass begins. */
  async #abandon(error: unknown): Promise<never> {
    await this.#membership?.abandon();
    this.#next = undefined;
    this.#opened = (this.#opened + 1) | 0;
    this.#setState(this.#opened, CLOSED);
    throw error;
  }

  /** Commands, tasks and phases, in bytes that stay until the pass ends, and scratch for each thread where that of the last program is too small. */
  #write({ phases, words }: Recorder, wake: boolean): Program {
    const memory = this.#memory;
    if (memory.localPeak > this.#local.bytes || this.#local.at === 0) {
      const bytes = Math.ceil(memory.localPeak / 64) * 64 + 64;
      this.#local = { at: memory.stage(bytes * this.threads), bytes };
    }
    const taskCount = phases.reduce((sum, tasks) => sum + tasks.length, 0);
    const phaseBytes = PHASE_BYTES * (phases.length + 1);
    const commandBytes = 8 * words.length;
    const commandsAt = memory.stage(commandBytes + phaseBytes + TASK_BYTES * taskCount);
    const at = commandsAt + commandBytes;
    const { buffer } = memory.memory;
    new Float64Array(buffer, commandsAt, words.length).set(words);
    const table = new Int32Array(buffer, at);
    let row = 0;
    let task = phaseBytes / 4;
    for (const tasks of phases) {
      table[row++] = tasks.length;
      table[row++] = at + 4 * task;
      for (const { start, end } of tasks) {
        table[task++] = commandsAt + 8 * start;
        table[task++] = commandsAt + 8 * end;
      }
    }
    table[row] = 0; // a phase of no tasks ends the program
    return { at, phases: phases.length, tasks: phases[0]!.length, pages: buffer.byteLength / 65536, local: this.#local, wake };
  }

  /** The last write opens the first phase. */
  #openNext(): void {
    const { at, phases, tasks, pages, local, wake } = this.#next!;
    this.#next = undefined;
    const first = (this.#opened + 1) | 0;
    this.#opened = (first + phases) | 0;
    this.#set(PAGES, pages); // before the address of what may lie in new pages: a thread that still looks at the last program could see that first
    this.#set(FIRST, first);
    this.#set(PHASE_COUNT, phases);
    this.#set(PHASES, at);
    this.#set(LOCAL_BASE, local.at);
    this.#set(LOCAL_BYTES, local.bytes);
    this.#set(REMAINING, tasks);
    this.#setState(first, 0n);
    Atomics.add(this.#words, SIGNAL / 4, 1);
    if (Atomics.load(this.#words, WAITERS / 4) > 0) Atomics.notify(this.#words, SIGNAL / 4);
    if (wake) this.#membership?.ring();
  }

  #set(word: number, value: number): void {
    Atomics.store(this.#words, word / 4, value);
  }
  #setState(phase: number, next: bigint): void {
    Atomics.store(new BigInt64Array(this.#words.buffer), (this.#control + STATE) / 8, (BigInt(phase >>> 0) << 32n) | next);
  }
}
