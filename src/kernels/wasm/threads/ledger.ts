/**
 * Ledger: whether several threads bring more than they cost, judged by what they did last.
 *
 *   won = USEFUL * processor time of all threads - wall time      of each pass
 *
 * On one thread a pass would take about the processor time that all threads spent on it. Where another process has a core, a thread loses it in the middle
 * of a task and the others wait: less processor time than wall time. When losses have added up the model runs on one thread for a while, twice as long
 * when the next try loses as well. Runtimes that do not tell processor time always use their threads:
 * bundlers for browsers take ledger.browser.ts instead (package.json, "browser").
 * Asking for processor time costs 15 us while several threads run, so of short passes only one in four is judged while all is well.
 */

/** Part of the processor time that one thread would need too; the rest is spins, wakes and cache lines that cross over. */
const USEFUL = 0.85;
/** Milliseconds. A loss so large is no accident. */
const MOST_LOSS = 2;
/** A gain so large proves that the threads have their cores; more is not saved up for worse times. */
const MOST_GAIN = 20;
/** Passes that follow one shorter than this are judged less often: together they take about as long. */
const SHORT_PASS = 4;
const MOST_UNJUDGED = 3;
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
  /** Passes to come that are not judged. */
  #unjudged = 0;

  constructor(clock: () => Clock | undefined = now) {
    this.#now = clock;
  }

  /** A pass begins. False: it had better run on one thread. */
  begin(): boolean {
    this.#start = undefined;
    if (this.#unjudged > 0) {
      this.#unjudged--;
      return true;
    }
    this.#start = this.#now();
    return this.#start === undefined || this.#start.wall >= this.#pausedUntil;
  }

  /** The pass that began has run on several threads. */
  end(): void {
    const end = this.#start && this.#now();
    if (this.#start === undefined || end === undefined) return;
    const wall = end.wall - this.#start.wall;
    const won = USEFUL * (end.processor - this.#start.processor) - wall;
    this.#balance = Math.min(MOST_GAIN, this.#balance + won);
    if (this.#balance === MOST_GAIN) this.#pause = SHORTEST_PAUSE;
    if (this.#balance > -MOST_LOSS) {
      if (this.#balance >= 0) this.#unjudged = Math.min(MOST_UNJUDGED, Math.floor(SHORT_PASS / wall));
      return;
    }
    this.#balance = 0;
    this.#pausedUntil = end.wall + this.#pause;
    this.#pause = Math.min(LONGEST_PAUSE, 2 * this.#pause);
  }
}
