/**
 * The loop of every streaming command: records in, batches through the model, results out in order.
 * Memory holds one batch. A record that fails is named with its line; --on-error decides whether the run goes on.
 */
import { type Invocation, stringOption } from "./command.ts";
import { type InputRecord, openInput } from "./input.ts";
import { ProgressLine } from "./progress.ts";

/** Records a batch: enough for the encoder to sort by length, few enough that results flow. */
const BATCH = 256;

export interface RecordJob<Item, Result> {
  /** What the command needs of a record. @throws Error with a sentence when the record does not have it */
  parse(record: InputRecord): Item;
  /** Results in the order of the items. */
  run(items: readonly Item[]): Promise<readonly Result[]>;
  write(item: Item, result: Result, record: InputRecord): Promise<void>;
  readonly batch?: number;
}

export async function processRecords<Item, Result>(invocation: Invocation, job: RecordJob<Item, Result>): Promise<void> {
  const stop = (stringOption(invocation.values, "on-error", ["skip", "stop"]) ?? "stop") === "stop";
  const input = await openInput(invocation);
  const progress = new ProgressLine(invocation.values.quiet === true);
  const size = job.batch ?? BATCH;
  let skipped = 0;
  let done = 0;
  let batch: { item: Item; record: InputRecord }[] = [];

  const bad = (record: InputRecord, error: string): void => {
    if (stop) throw new Error(`${record.where}: ${error} (use --on-error skip to go on with the other lines)`);
    progress.clear();
    process.stderr.write(`${record.where}: ${error}; skipped\n`);
    skipped++;
  };
  const flush = async (): Promise<void> => {
    const current = batch;
    batch = [];
    if (current.length === 0) return;
    const results = await runOrIsolate(current, job, invocation.signal, bad);
    for (const [i, result] of results.entries()) {
      if (result !== FAILED) await job.write(current[i]!.item, result, current[i]!.record);
    }
    done += current.length;
    const { bytesRead } = current[current.length - 1]!.record;
    progress.show(done, input.totalBytes ? bytesRead / input.totalBytes : undefined);
  };

  try {
    for await (const record of input.records) {
      invocation.signal.throwIfAborted();
      if (record.error !== undefined) {
        if (stop) await flush();
        bad(record, record.error);
        continue;
      }
      try {
        batch.push({ item: job.parse(record), record });
      } catch (error) {
        if (stop) await flush();
        bad(record, message(error));
        continue;
      }
      if (batch.length >= size) await flush();
    }
    await flush();
  } finally {
    progress.clear();
  }
  if (skipped > 0) process.stderr.write(`${skipped} bad ${skipped === 1 ? "line" : "lines"} skipped, ${done} done\n`);
}

const FAILED: unique symbol = Symbol("failed");

/** Runs a batch; when it fails, runs its records one by one, so that the error is told of the line that caused it. */
async function runOrIsolate<Item, Result>(
  batch: readonly { item: Item; record: InputRecord }[],
  job: RecordJob<Item, Result>,
  signal: AbortSignal,
  bad: (record: InputRecord, error: string) => void,
): Promise<readonly (Result | typeof FAILED)[]> {
  try {
    return await job.run(batch.map(({ item }) => item));
  } catch {
    signal.throwIfAborted();
    const results: (Result | typeof FAILED)[] = [];
    for (const { item, record } of batch) {
      try {
        results.push((await job.run([item]))[0]!);
      } catch (error) {
        signal.throwIfAborted();
        results.push(FAILED);
        bad(record, message(error));
      }
    }
    return results;
  }
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The text of a record. */
export function textOf(record: InputRecord): string {
  if (record.object && typeof record.object.text !== "string") throw new Error(`expected an object with "text", got ${keysOf(record)}`);
  return record.text;
}

/** A string field of a record that must be an object. */
export function fieldOf(record: InputRecord, name: string): string {
  const value = record.object?.[name];
  if (typeof value !== "string") throw new Error(`expected an object with "${name}", got ${keysOf(record)}`);
  return value;
}

function keysOf(record: InputRecord): string {
  return record.object ? `one with ${Object.keys(record.object).join(", ") || "no fields"}` : "plain text";
}
