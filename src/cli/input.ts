/**
 * Where records come from: arguments, then --file, else standard input. One line is one record: a text, or a JSON object when it starts with "{".
 * Lines are read as a stream, so that millions of them need constant memory; a bad line is a record with an `error`, never lost.
 */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { Readable } from "node:stream";
import { type Invocation, listOption, UsageError } from "./command.ts";

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

export interface Input {
  readonly records: AsyncIterable<InputRecord>;
  /** All bytes of the input, where known. */
  readonly totalBytes?: number;
}

export async function openInput({ texts, values }: Invocation, stdin: Readable & { isTTY?: boolean } = process.stdin): Promise<Input> {
  const files = listOption(values, "file");
  if (texts.length > 0 && files.length > 0) throw new UsageError("give texts as arguments or with --file, not both");
  if (texts.length > 0) return { records: fromArguments(texts) };
  if (files.length > 0) {
    let totalBytes = 0;
    for (const file of files) {
      const info = await stat(file).catch((error: NodeJS.ErrnoException) => {
        throw new Error(error.code === "ENOENT" ? `no such file: ${file}` : `cannot read ${file}: ${error.message}`);
      });
      if (info.isDirectory()) throw new UsageError(`${file} is a folder; --file takes files of one text a line`);
      totalBytes += info.size;
    }
    return { records: fromFiles(files), totalBytes };
  }
  if (stdin.isTTY) throw new UsageError("no text given: pass texts as arguments, with --file, or on standard input");
  return { records: fromStream(stdin, (line) => `line ${line}`, 0) };
}

async function* fromArguments(texts: readonly string[]): AsyncIterable<InputRecord> {
  for (const [index, text] of texts.entries()) yield { where: `argument ${index + 1}`, text, bytesRead: 0 };
}

async function* fromFiles(files: readonly string[]): AsyncIterable<InputRecord> {
  let before = 0;
  for (const file of files) {
    for await (const record of fromStream(createReadStream(file), (line) => `${file}:${line}`, before)) {
      before = record.bytesRead;
      yield record;
    }
  }
}

/** Cuts a byte stream into lines at "\n"; "\r\n" too. Empty lines are texts like any other, but one at the very end is no record. */
export async function* fromStream(stream: Readable, where: (line: number) => string, bytesBefore: number): AsyncIterable<InputRecord> {
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
      : toRecord(bytes, where(line), bytesRead);
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

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

function toRecord(bytes: Uint8Array, where: string, bytesRead: number): InputRecord {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return { where, text: "", error: "the line is not valid UTF-8", bytesRead };
  }
  if (text.endsWith("\r")) text = text.slice(0, -1);
  if (text.includes("\0")) return { where, text, error: "the line has a NUL byte; is this a binary file?", bytesRead };
  if (!text.startsWith("{")) return { where, text, bytesRead };
  try {
    const object = JSON.parse(text) as Record<string, unknown>;
    return { where, text: typeof object.text === "string" ? object.text : "", object, bytesRead };
  } catch (error) {
    return { where, text, error: `the line starts with "{" but is not JSON: ${(error as Error).message}`, bytesRead };
  }
}
