/**
 * Ledger: whether several threads bring more than they cost, judged by what they did last.
 *
 *   won = USEFUL * processor time of all threads - wall time      of each pass
 *
 * On one thread a pass would take about the processor time that all threads spent on it. Where another process has a core, a thread loses it in the middle
 * of a task and the others wait: less processor time than wall time. When losses have added up the model runs on one thread for a while, twice as long
 * when the next try loses as well. Runtimes that do not tell processor time always use their threads.
 */

/** Part of the processor time that one thread would need too; the rest is spins, wakes and cache lines that cross over. */
const USEFUL = 0.85;
/** Milliseconds. A loss so large is no accident. */
const MOST_LOSS = 2;
/** A gain so large proves that the threads have their cores; more is not saved up for worse times. */
const MOST_GAIN = 20;
const SHORTEST_PAUSE = 20;
const LONGEST_PAUSE = 640;

/** Milliseconds, both from any point in time. */
export interface Clock {
  readonly wall: number;
  readonly processor: number;
}

function now(): Clock | undefined {
  if (typeof process !== "object" || process === null || typeof process.cpuUsage !== "function") return undefined;
  const { user, system } = process.cpuUsage();
  return { wall: performance.now(), processor: (user + system) / 1000 };
}

export class Ledger {
  readonly #now: () => Clock | undefined;
  #balance = 0;
  #pause = SHORTEST_PAUSE;
  #pausedUntil = 0;
  #start: Clock | undefined;

  constructor(clock: () => Clock | undefined = now) {
    this.#now = clock;
  }

  /** A pass begins. False: it had better run on one thread. */
  begin(): boolean {
    this.#start = this.#now();
    return this.#start === undefined || this.#start.wall >= this.#pausedUntil;
  }

  /** The pass that began has run on several threads. */
  end(): void {
    const end = this.#now();
    if (this.#start === undefined || end === undefined) return;
    const won = USEFUL * (end.processor - this.#start.processor) - (end.wall - this.#start.wall);
    this.#balance = Math.min(MOST_GAIN, this.#balance + won);
    if (this.#balance === MOST_GAIN) this.#pause = SHORTEST_PAUSE;
    if (this.#balance > -MOST_LOSS) return;
    this.#balance = 0;
    this.#pausedUntil = end.wall + this.#pause;
    this.#pause = Math.min(LONGEST_PAUSE, 2 * this.#pause);
  }
}
