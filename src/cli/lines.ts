/**
 * A byte stream as records, one a line: "\n" or "\r\n", a byte order mark at the very start left out, and the last line whole without its newline.
 * Memory holds one line and one chunk. A bad line is a record with an `error`, never lost; an empty line is a text like any other.
 */
import type { Readable } from "node:stream";

/** Longer lines are refused: at 4 bytes a token this is more text than any model's window by far. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;
const NEWLINE = 10;

export interface InputRecord {
  /** "line 7", "file.txt:7" or "argument 2". */
  readonly where: string;
  readonly text: string;
  /** The parsed object where the line was one. */
  readonly object?: Readonly<Record<string, unknown>>;
  readonly error?: string;
  /** Bytes of input up to the end of this record, for progress. */
  readonly bytesRead: number;
}

export async function* linesOf(stream: Readable, where: (line: number) => string, bytesBefore: number): AsyncIterable<InputRecord> {
  let line = 0;
  let bytesRead = bytesBefore;
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  let tooLong = false;
  const finish = (): InputRecord => {
    line++;
    const bytes = pending.length === 1 ? pending[0]! : Buffer.concat(pending);
    const record = tooLong
      ? { where: where(line), text: "", error: `the line is longer than ${MAX_LINE_BYTES >> 20} MiB`, bytesRead }
      : toRecord(bytes, where(line), bytesRead, line === 1);
    pending = [];
    pendingBytes = 0;
    tooLong = false;
    return record;
  };
  const keep = (bytes: Uint8Array): void => {
    pendingBytes += bytes.length;
    bytesRead += bytes.length;
    tooLong ||= pendingBytes > MAX_LINE_BYTES;
    if (tooLong) pending = [];
    else pending.push(bytes);
  };
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      keep(chunk.subarray(start, end));
      bytesRead++;
      yield finish();
      start = end + 1;
    }
    if (start < chunk.length) keep(chunk.subarray(start));
  }
  if (pendingBytes > 0) yield finish();
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Bytes as text, without the byte order mark at the start of a file.
 * @param what the bytes are, for the sentence: "the line", "the file"
 * @throws Error for bytes that are no text
 */
export function decodeText(bytes: Uint8Array, isStart: boolean, what: string): string {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    const isUtf16 = isStart && ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff));
    throw new Error(isUtf16 ? "the text is UTF-16; convert it to UTF-8 first" : `${what} is not valid UTF-8`);
  }
  if (text.includes("\0")) throw new Error(`${what} has a NUL byte; is this a binary file?`);
  return isStart && text.startsWith("\ufeff") ? text.slice(1) : text;
}

function toRecord(bytes: Uint8Array, where: string, bytesRead: number, isFirst: boolean): InputRecord {
  let text: string;
  try {
    text = decodeText(bytes, isFirst, "the line");
  } catch (error) {
    return { where, text: "", error: (error as Error).message, bytesRead };
  }
  if (text.endsWith("\r")) text = text.slice(0, -1);
  if (!text.startsWith("{")) return { where, text, bytesRead };
  try {
    const object = JSON.parse(text) as Record<string, unknown>;
    return { where, text: typeof object.text === "string" ? object.text : "", object, bytesRead };
  } catch (error) {
    return { where, text, error: `the line starts with "{" but is not JSON: ${(error as Error).message}`, bytesRead };
  }
}
