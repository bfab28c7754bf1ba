/**
 * A progress line on standard error: share, rate and time left; only on a terminal, at most ten times a second.
 * It is taken away before anything else is written to the terminal, so that it never stands inside a table.
 */
import { clipToWidth } from "./width.ts";

const INTERVAL_MS = 100;
const BAR = 24;
const CLEAR_LINE = "\r\u001b[K";

type Terminal = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** A line on standard error, in place of a progress line that may stand there. */
export function notice(text: string, stream: Terminal = process.stderr): void {
  stream.write(`${stream.isTTY ? CLEAR_LINE : ""}${text}\n`);
}

export class ProgressLine {
  readonly #stream: Terminal;
  readonly #enabled: boolean;
  readonly #start = performance.now();
  #shownAt = Number.NEGATIVE_INFINITY;
  #isShown = false;

  constructor(quiet: boolean, stream: Terminal = process.stderr) {
    this.#stream = stream;
    this.#enabled = !quiet && stream.isTTY === true;
  }

  /** @param done records so far  @param share of the input read, 0..1, where known */
  show(done: number, share: number | undefined): void {
    if (!this.#isDue()) return;
    const seconds = (performance.now() - this.#start) / 1000;
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
    if (this.#isDue()) this.#write(text);
  }

  /** Takes the line away, before output or at the end. */
  clear(): void {
    if (!this.#isShown) return;
    this.#stream.write(CLEAR_LINE);
    this.#isShown = false;
    this.#shownAt = Number.NEGATIVE_INFINITY; // what was taken away comes back at once
  }

  #isDue(): boolean {
    return this.#enabled && performance.now() - this.#shownAt >= INTERVAL_MS;
  }

  #write(text: string): void {
    this.#shownAt = performance.now();
    this.#isShown = true;
    this.#stream.write(CLEAR_LINE + clipToWidth(text, (this.#stream.columns || 80) - 1)); // a wrapped line could not be cleared
  }
}

function duration(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}
