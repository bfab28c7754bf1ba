/**
 * Where records come from: arguments, then --file (files, folders of text files, "-" for standard input), else standard input.
 * One line is one record: a text, or a JSON object when it starts with "{". Lines are read as a stream (lines.ts).
 */
import { createReadStream, fstatSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { type Invocation, listOption, UsageError } from "./command.ts";
import { explain } from "./explain.ts";
import { filesBelow, isBinary } from "./folder.ts";
import { type InputRecord, linesOf } from "./lines.ts";
import { notice } from "./progress.ts";

export type { InputRecord } from "./lines.ts";

const STDIN = "-";

export interface Input {
  readonly records: AsyncIterable<InputRecord>;
  /** All bytes of the input, where known. */
  readonly totalBytes?: number;
}

type Stdin = Readable & { readonly isTTY?: boolean; readonly fd?: number };

/** @throws UsageError without any input, Error for a file that is not there */
export async function openInput({ texts, values, signal }: Invocation, stdin: Stdin = process.stdin): Promise<Input> {
  const files = listOption(values, "file");
  if (texts.length > 0 && files.length > 0) throw new UsageError("give texts as arguments or with --file, not both");
  if (texts.length > 0 && !(texts.length === 1 && texts[0] === STDIN)) return { records: fromArguments(texts) };
  if (files.length > 0 && !(files.length === 1 && files[0] === STDIN)) {
    const { paths, totalBytes } = await findFiles(files);
    return { records: fromFiles(paths, stdin, signal), totalBytes };
  }
  if (stdin.isTTY && texts.length + files.length === 0)
    throw new UsageError("no text given: pass texts as arguments, with --file, or on standard input");
  const totalBytes = sizeOf(stdin);
  return { records: fromStdin(stdin, signal, 0), ...(totalBytes ? { totalBytes } : {}) };
}

/** Before a model is loaded: files that are not there, or nothing to read at all. */
export async function checkInput(invocation: Invocation): Promise<void> {
  for (const file of listOption(invocation.values, "file")) if (file !== STDIN) await statOf(file);
  if (invocation.texts.length === 0 && invocation.values.file === undefined) await openInput(invocation);
}

async function statOf(file: string) {
  try {
    return await stat(file);
  } catch (error) {
    throw new Error((error as NodeJS.ErrnoException).code === "ENOENT" ? `no such file: ${file}` : `cannot read ${explain(error)}`);
  }
}

/** Files as they are, of folders their text files in the order of their names. */
async function findFiles(names: readonly string[]): Promise<{ paths: string[]; totalBytes: number }> {
  const paths: string[] = [];
  let totalBytes = 0;
  for (const name of names) {
    if (name === STDIN) {
      paths.push(name);
      continue;
    }
    const info = await statOf(name);
    if (!info.isDirectory()) {
      paths.push(name);
      totalBytes += info.size;
      continue;
    }
    for (const below of await filesBelow(name)) {
      const path = join(name, below);
      if (await isBinary(path)) notice(`${path}: a binary file; left out`);
      else {
        paths.push(path);
        totalBytes += (await stat(path)).size;
      }
    }
  }
  if (paths.length === 0) throw new Error(`no text file in ${names.join(", ")}`);
  return { paths, totalBytes };
}

async function* fromArguments(texts: readonly string[]): AsyncIterable<InputRecord> {
  for (const [index, text] of texts.entries()) yield { where: `argument ${index + 1}`, text, bytesRead: 0 };
}

async function* fromFiles(paths: readonly string[], stdin: Stdin, signal: AbortSignal): AsyncIterable<InputRecord> {
  let before = 0;
  for (const path of paths) {
    const records =
      path === STDIN ? fromStdin(stdin, signal, before) : linesOf(createReadStream(path, { signal }), (line) => `${path}:${line}`, before);
    for await (const record of records) {
      before = record.bytesRead;
      yield record;
    }
  }
}

/** Ctrl-C also ends the wait for a line that does not come. */
async function* fromStdin(stdin: Stdin, signal: AbortSignal, before: number): AsyncIterable<InputRecord> {
  const leave = () => stdin.destroy(signal.reason);
  signal.addEventListener("abort", leave, { once: true });
  try {
    yield* linesOf(stdin, (line) => `line ${line}`, before);
  } finally {
    signal.removeEventListener("abort", leave);
  }
}

/** The size of a file that the shell opened for us (`< file`). */
function sizeOf({ fd }: Stdin): number | undefined {
  try {
    const info = fd === undefined ? undefined : fstatSync(fd);
    return info?.isFile() ? info.size : undefined;
  } catch {
    return undefined;
  }
}
