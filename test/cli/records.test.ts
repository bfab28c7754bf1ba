/** A batch that fails in the model: which line it was, what is written, and what goes on. */
import { expect, test, vi } from "vitest";
import type { Invocation } from "../../src/cli/command.ts";
import { Output } from "../../src/cli/output.ts";
import { processRecords } from "../../src/cli/records.ts";

async function run(texts: string[], onError: string, batch: number) {
  const written: string[] = [];
  const batches: number[] = [];
  const notices: string[] = [];
  const stderr = vi.spyOn(process.stderr, "write").mockImplementation((text) => notices.push(String(text)) > 0);
  const invocation: Invocation = {
    texts,
    values: { "on-error": onError },
    output: new Output(process.stdout, true),
    signal: new AbortController().signal,
  };
  const job = {
    batch,
    parse: ({ text }: { text: string }) => text,
    run: async (items: readonly string[]) => {
      batches.push(items.length);
      if (items.includes("bad")) throw new Error("the model cannot read this");
      return items.map((item) => item.toUpperCase());
    },
    write: async (item: string, result: string) => {
      written.push(`${item} ${result}`);
    },
  };
  const error = await processRecords(invocation, job).then(
    () => undefined,
    (reason: Error) => reason.message,
  );
  stderr.mockRestore();
  return { written, batches, notices: notices.join(""), error };
}

test("stop: the records before the bad one are written, and the bad one is named", async () => {
  const { written, error } = await run(["a", "b", "bad", "c"], "stop", 10);
  expect(written).toEqual(["a A", "b B"]);
  expect(error).toBe("argument 3: the model cannot read this (use --on-error skip to go on with the other lines)");
});

test("skip: all others are written in order, and the bad ones counted", async () => {
  const { written, error, notices, batches } = await run(["a", "bad", "b", "c", "d", "bad", "e"], "skip", 3);
  expect(error).toBeUndefined();
  expect(written).toEqual(["a A", "b B", "c C", "d D", "e E"]);
  expect(notices).toBe(
    "argument 2: the model cannot read this; skipped\nargument 6: the model cannot read this; skipped\n2 bad lines skipped, 5 done\n",
  );
  expect(batches).toEqual([3, 1, 1, 1, 3, 1, 1, 1, 1]);
});
