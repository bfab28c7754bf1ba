/**
 * One progress of everything that is being downloaded for a model: bytes of all files together, never falling, even where a file starts
 * over. `total` is the sum over the files begun so far, given once each of them has told its size and weights are among them: a total of the small
 * files that come first would be reached at once, and then grow a hundredfold.
 */

import type { Progress } from "./types.ts";

export class DownloadProgress {
  readonly #listener: ((event: Progress) => void) | undefined;
  readonly #files = new Map<string, { loaded: number; total: number | undefined }>();
  #highest = 0;
  #hasWeights = false;

  constructor(listener: ((event: Progress) => void) | undefined) {
    this.#listener = listener;
  }

  /** Tells that `loaded` bytes of `file` are here. A file that starts over keeps what it had reported. */
  report(file: string, loaded: number, total: number | undefined): void {
    if (this.#listener === undefined) return;
    this.#files.set(file, { loaded, total });
    this.#hasWeights ||= file.endsWith(".safetensors");
    let sum = 0;
    let whole: number | undefined = 0;
    for (const each of this.#files.values()) {
      sum += each.loaded;
      whole = whole === undefined || each.total === undefined ? undefined : whole + each.total;
    }
    this.#highest = Math.max(this.#highest, sum);
    this.#listener({
      phase: "download",
      unit: "bytes",
      loaded: this.#highest,
      ...(whole === undefined || !this.#hasWeights ? {} : { total: Math.max(whole, this.#highest) }),
      file,
    });
  }
}
