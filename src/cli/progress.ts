/** A progress line on standard error: share, rate and time left; only on a terminal, at most ten times a second. */

const INTERVAL_MS = 100;
const BAR = 24;

type Terminal = NodeJS.WritableStream & { readonly isTTY?: boolean };

export class ProgressLine {
  readonly #stream: Terminal;
  readonly #enabled: boolean;
  readonly #start = performance.now();
  #shownAt = 0;

  constructor(quiet: boolean, stream: Terminal = process.stderr) {
    this.#stream = stream;
    this.#enabled = !quiet && stream.isTTY === true;
  }

  /** @param done records so far  @param share of the input read, 0..1, where known */
  show(done: number, share: number | undefined): void {
    const now = performance.now();
    if (!this.#enabled || now - this.#shownAt < INTERVAL_MS) return;
    this.#shownAt = now;
    const seconds = (now - this.#start) / 1000;
    const rate = `${done} records, ${(done / seconds).toFixed(0)}/s`;
    if (share === undefined || share <= 0) {
      this.#write(rate);
      return;
    }
    const filled = Math.round(BAR * Math.min(1, share));
    const left = Math.max(0, seconds / share - seconds);
    this.#write(`[${"█".repeat(filled)}${"░".repeat(BAR - filled)}] ${(100 * share).toFixed(0)}%  ${rate}, ${duration(left)} left`);
  }

  /** A word while nothing can be counted yet. */
  note(text: string): void {
    if (this.#enabled) this.#write(text);
  }

  clear(): void {
    if (this.#enabled) this.#write("");
  }

  #write(text: string): void {
    this.#stream.write(`\r\u001b[K${text}`);
  }
}

function duration(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}
