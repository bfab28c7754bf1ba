/**
 * Where results go: JSON lines, or columns for a person; coloured on a terminal unless NO_COLOR is set (https://no-color.org), elsewhere with FORCE_COLOR.
 * Writes wait for a slow reader; a reader that is gone (EPIPE, as in `| head`) ends the run quietly (main.ts).
 */
import { once } from "node:events";
import type { Writable } from "node:stream";
import { clipToWidth } from "./width.ts";

export type Colour = "bold" | "dim" | "green" | "yellow" | "red" | "cyan" | "magenta";
const CODES: Readonly<Record<Colour, number>> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, magenta: 35, cyan: 36 };

/** However narrow the terminal, this much of a text is shown. */
const LEAST_TEXT = 8;

type Terminal = Writable & { readonly isTTY?: boolean; readonly columns?: number };

export class Output {
  readonly json: boolean;
  /** Columns of the terminal; infinite where the output is none. */
  readonly width: number;
  readonly #stream: Terminal;
  readonly #coloured: boolean;

  constructor(stream: Terminal, json: boolean, environment: Readonly<Record<string, string | undefined>> = process.env) {
    this.#stream = stream;
    this.json = json;
    this.width = stream.isTTY ? stream.columns || 80 : Number.POSITIVE_INFINITY;
    const { NO_COLOR, FORCE_COLOR, TERM } = environment;
    const forced = FORCE_COLOR !== undefined && FORCE_COLOR !== "0" && FORCE_COLOR !== "false";
    this.#coloured = !NO_COLOR && (forced || (stream.isTTY === true && TERM !== "dumb" && FORCE_COLOR === undefined));
  }

  paint(colour: Colour, text: string): string {
    return this.#coloured ? `\u001b[${CODES[colour]}m${text}\u001b[0m` : text;
  }

  async line(text = ""): Promise<void> {
    if (!this.#stream.write(`${text}\n`) && !this.#stream.destroyed) await once(this.#stream, "drain");
  }

  /** An object as one line of JSON; its typed arrays become arrays. */
  object(value: object): Promise<void> {
    return this.line(JSON.stringify(plainArrays(value)));
  }

  /** On one line, without control characters: what a text says to a terminal is not for us to pass on. */
  plain(text: string): string {
    return text.replace(/\p{Cc}+/gu, " ");
  }

  /** `text` cut to the terminal's width less `used` columns; whole when the output is no terminal. */
  clip(text: string, used = 0): string {
    return clipToWidth(this.plain(text), Math.max(LEAST_TEXT, this.width - used));
  }
}

/** A replacer function would be called for each number of each vector: twice the time. */
function plainArrays(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (ArrayBuffer.isView(value)) return Array.from(value as unknown as ArrayLike<number>);
  if (Array.isArray(value)) return typeof value[0] === "object" ? value.map(plainArrays) : value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plainArrays(part)]));
}

/** 0.98765 as "0.988", right-aligned for columns of scores. */
export function score(value: number): string {
  return value.toFixed(3).padStart(6);
}
