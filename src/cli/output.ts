/**
 * Where results go: JSON lines, or columns for a person; coloured on a terminal unless NO_COLOR is set (https://no-color.org).
 * Writes wait for a slow reader; a reader that is gone (EPIPE, as in `| head`) ends the run quietly.
 */
import { once } from "node:events";
import type { Writable } from "node:stream";

export type Colour = "bold" | "dim" | "green" | "yellow" | "red" | "cyan" | "magenta";
const CODES: Readonly<Record<Colour, number>> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, magenta: 35, cyan: 36 };

type Terminal = Writable & { readonly isTTY?: boolean; readonly columns?: number };

export class Output {
  readonly json: boolean;
  readonly width: number;
  readonly #stream: Terminal;
  readonly #coloured: boolean;

  constructor(stream: Terminal, json: boolean, environment: Readonly<Record<string, string | undefined>> = process.env) {
    this.#stream = stream;
    this.json = json;
    this.width = stream.isTTY ? (stream.columns ?? 80) : Number.POSITIVE_INFINITY;
    this.#coloured = stream.isTTY === true && !environment.NO_COLOR && environment.TERM !== "dumb";
  }

  paint(colour: Colour, text: string): string {
    return this.#coloured ? `\u001b[${CODES[colour]}m${text}\u001b[0m` : text;
  }

  async line(text = ""): Promise<void> {
    if (!this.#stream.write(text + "\n") && !this.#stream.destroyed) await once(this.#stream, "drain");
  }

  /** An object as one line of JSON; typed arrays become arrays. */
  object(value: object): Promise<void> {
    return this.line(
      JSON.stringify(value, (_, part) => (ArrayBuffer.isView(part) ? Array.from(part as unknown as ArrayLike<number>) : part)),
    );
  }

  /** `text` cut to the terminal's width less `used` columns; whole when the output is no terminal. */
  clip(text: string, used = 0): string {
    const oneLine = text.replace(/\p{Cc}+/gu, " ");
    const room = Math.max(20, this.width - used);
    return oneLine.length <= room ? oneLine : oneLine.slice(0, room - 1) + "…";
  }
}

/** 0.98765 as "0.988", right-aligned for columns of scores. */
export function score(value: number): string {
  return value.toFixed(3).padStart(6);
}
