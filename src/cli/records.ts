/**
 * The loop of every streaming command: records in, batches through the model, results out in order.
 * Memory holds one batch. A record that fails is named with its line; --on-error decides whether the run goes on.
 */
import { show } from "../checks.ts";
import { type Invocation, stringOption } from "./command.ts";
import { explain } from "./explain.ts";
import { type InputRecord, openInput } from "./input.ts";
import { notice, ProgressLine } from "./progress.ts";

/** Records a batch: enough for the encoder to fill its passes, few enough that results flow. */
const BATCH = 256;

export interface RecordJob<Item, Result> {
  /** What the command needs of a record. @throws Error with a sentence when the record does not have it */
  parse(record: InputRecord): Item;
  /** Results in the order of the items. */
  run(items: readonly Item[]): Promise<readonly Result[]>;
  write(item: Item, result: Result, record: InputRecord): Promise<void>;
  readonly batch?: number;
}

interface Parsed<Item> {
  readonly item: Item;
  readonly record: InputRecord;
}

export async function processRecords<Item, Result>(invocation: Invocation, job: RecordJob<Item, Result>): Promise<void> {
  const stop = (stringOption(invocation.values, "on-error", ["skip", "stop"]) ?? "stop") === "stop";
  const input = await openInput(invocation);
  const progress = new ProgressLine(invocation.values.quiet === true);
  const size = job.batch ?? BATCH;
  let skipped = 0;
  let done = 0;
  let batch: Parsed<Item>[] = [];

  const bad = (record: InputRecord, error: string): void => {
    if (stop) throw new Error(`${record.where}: ${error} (use --on-error skip to go on with the other lines)`);
    notice(`${record.where}: ${error}; skipped`);
    skipped++;
  };
  const write = async ({ item, record }: Parsed<Item>, result: Result): Promise<void> => {
    progress.clear();
    await job.write(item, result, record);
    done++;
  };
  const flush = async (): Promise<void> => {
    const current = batch;
    batch = [];
    if (current.length === 0) return;
    const results = await job.run(current.map(({ item }) => item)).catch(() => undefined);
    invocation.signal.throwIfAborted();
    if (results) for (const [i, result] of results.entries()) await write(current[i]!, result);
    else await oneByOne(current);
    const { bytesRead } = current[current.length - 1]!.record;
    progress.show(done, input.totalBytes ? bytesRead / input.totalBytes : undefined);
  };
  /** A batch that failed, so that the error is told of the line that caused it, and those before it are written. */
  const oneByOne = async (parsed: readonly Parsed<Item>[]): Promise<void> => {
    for (const one of parsed) {
      let results: readonly Result[];
      try {
        results = await job.run([one.item]);
      } catch (error) {
        invocation.signal.throwIfAborted();
        bad(one.record, explain(error));
        continue;
      }
      await write(one, results[0]!);
    }
  };

  try {
    for await (const record of input.records) {
      invocation.signal.throwIfAborted();
      try {
        if (record.error !== undefined) throw new Error(record.error);
        batch.push({ item: job.parse(record), record });
      } catch (error) {
        if (stop) await flush();
        bad(record, explain(error));
      }
      if (batch.length >= size) await flush();
    }
    await flush();
  } finally {
    progress.clear();
  }
  if (skipped > 0) notice(`${skipped} bad ${skipped === 1 ? "line" : "lines"} skipped, ${done} done`);
}

/** All texts of the input, for commands that need them at once: a bad line is an error, or with --on-error skip reported and left out. */
export async function allTexts(invocation: Invocation): Promise<string[]> {
  const texts: string[] = [];
  await processRecords(invocation, {
    parse: textOf,
    run: async (items: readonly string[]) => items,
    write: async (text) => {
      texts.push(text);
    },
  });
  return texts;
}

/** The text of a record. */
export function textOf(record: InputRecord): string {
  return record.object ? fieldOf(record, "text") : record.text;
}

/** A string field of a record that must be an object. */
export function fieldOf(record: InputRecord, name: string): string {
  const value = record.object?.[name];
  if (typeof value === "string") return value;
  const found = value === undefined ? keysOf(record) : `${name}: ${show(value)}`;
  throw new Error(`expected an object with "${name}", a string; found ${found}`);
}

function keysOf(record: InputRecord): string {
  return record.object ? `one with ${Object.keys(record.object).join(", ") || "no fields"}` : "plain text";
}
