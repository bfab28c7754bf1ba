/**
 * Team: this thread and the pool's workers on one model's memory. It writes a recorded program beside the scratch and runs it with whoever is awake.
 *
 * This thread takes part as thread 0 and needs nobody else: a program that no worker notices is run by it alone.
 * It sleeps at a barrier where it may (Node, Deno, Bun, any worker); a browser's main thread gives its event loop a turn instead, and so does every thread
 * once a worker has taken suspiciously long, because only the event loop learns that a worker has died.
 */
import { UnsupportedError } from "../../../errors.ts";
import { nextTurn } from "../../../tensor/turn.ts";
import type { WasmMemory } from "../memory.ts";
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
import { joinPool, type Membership } from "./pool.ts";
import type { Recorder } from "./recorder.ts";
import { maySleep } from "./support.ts";

/** Milliseconds of sleep at one barrier after which the event loop is asked whether a worker has died. */
const PATIENCE = 200;

type Run = (control: number, thread: number, patience: number) => number;

export class Team {
  readonly threads: number;
  readonly #memory: WasmMemory;
  readonly #module: WebAssembly.Module;
  readonly #run: Run;
  readonly #control: number;
  #membership: Membership | undefined;
  #opened = 0;

  /** @param run the export of this thread's instance of `module` */
  constructor(threads: number, memory: WasmMemory, module: WebAssembly.Module, run: Run) {
    this.threads = threads;
    this.#memory = memory;
    this.#module = module;
    this.#run = run;
    this.#control = memory.reserve(CONTROL_BYTES);
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

  /**
   * Runs the program; resolves when all of it is done, which is before the first await wherever this thread may sleep.
   * @param alone small programs end before a worker is awake: nobody is woken
   * @throws UnsupportedError when a worker died in the middle of it
   */
  run(recorder: Recorder, alone: boolean): Promise<void> | undefined {
    if (recorder.phases.length === 0) return undefined;
    this.#write(recorder);
    if (!alone) this.#membership?.ring();
    try {
      if (this.#run(this.#control, 0, maySleep() ? PATIENCE : 0) === 1) return undefined;
    } catch (error) {
      return this.#abandon(error);
    }
    return this.#finish();
  }

  async #finish(): Promise<void> {
    for (;;) {
      await nextTurn();
      const failure = this.#membership?.failure;
      if (failure !== undefined) {
        return this.#abandon(
          new UnsupportedError(`threads: a worker ended in the middle of a pass; this model goes on with one thread`, { cause: failure }),
        );
      }
      if (this.#run(this.#control, 0, maySleep() ? PATIENCE : 0) === 1) return;
    }
  }

  /** No task may still be writing when the next pass begins. */
  async #abandon(error: unknown): Promise<never> {
    await this.#membership?.abandon();
    this.#setState(this.#opened + 1, CLOSED);
    throw error;
  }

  /** Commands, tasks, phases and the threads' scratch, above the scratch of the pass; then the control words; the last write opens the first phase. */
  #write({ phases, words }: Recorder): void {
    const memory = this.#memory;
    const taskCount = phases.reduce((sum, tasks) => sum + tasks.length, 0);
    const phaseBytes = PHASE_BYTES * (phases.length + 1);
    const localBytes = Math.ceil(memory.localPeak / 64) * 64 + 64;
    const tableBytes = Math.ceil((phaseBytes + TASK_BYTES * taskCount) / 64) * 64;
    const commandBytes = Math.ceil((8 * words.length) / 64) * 64;
    const at = memory.above(tableBytes + commandBytes + localBytes * this.threads);
    const [commandsAt, localAt] = [at + tableBytes, at + tableBytes + commandBytes];
    const { buffer } = memory.memory;
    new Float64Array(buffer, commandsAt, words.length).set(words);
    const table = new Int32Array(buffer, at, tableBytes / 4);
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
    table[row++] = 0;
    table[row] = 0;

    const first = (this.#opened + 1) >>> 0;
    this.#opened = (first + phases.length) >>> 0;
    this.#set(FIRST, first);
    this.#set(PHASE_COUNT, phases.length);
    this.#set(PHASES, at);
    this.#set(LOCAL_BASE, localAt);
    this.#set(LOCAL_BYTES, localBytes);
    this.#set(PAGES, buffer.byteLength / 65536);
    this.#set(REMAINING, phases[0]!.length);
    this.#setState(first, 0n);
    const control = new Int32Array(buffer, this.#control, CONTROL_BYTES / 4);
    Atomics.add(control, SIGNAL / 4, 1);
    if (Atomics.load(control, WAITERS / 4) > 0) Atomics.notify(control, SIGNAL / 4);
  }

  #set(word: number, value: number): void {
    Atomics.store(new Int32Array(this.#memory.memory.buffer), (this.#control + word) / 4, value);
  }
  #setState(phase: number, next: bigint): void {
    Atomics.store(new BigInt64Array(this.#memory.memory.buffer), (this.#control + STATE) / 8, (BigInt(phase >>> 0) << 32n) | next);
  }
}
