/**
 * Threads never change a bit: every architecture of the fixtures and the real MiniLM, ragged batches, on more threads than there are cores.
 * One thread runs unrecorded, so the comparison also judges the recorder, the cuts and the places of scratch.
 */
import { describe, expect, it } from "vitest";
import type { ThreadedBackend } from "../../../../src/kernels/wasm/threads/backend.ts";
import type { ModelOutput } from "../../../../src/models/types.ts";
import { fixture, needsShared, sharedData } from "../../../shared.ts";
import { foldersIn, loadStarted, texts } from "./started.ts";

const THREADS = [2, 3, 5, 16];

/** All floats of an output, by name. */
function arrays(output: ModelOutput): Record<string, Float32Array[]> {
  const flat = (value: unknown): Float32Array[] =>
    Array.isArray(value) ? value.flatMap(flat) : value ? [(value as { data: Float32Array }).data] : [];
  return Object.fromEntries(Object.entries(output).map(([name, value]) => [name, flat(value)]));
}

function expectSame(actual: ModelOutput, expected: ModelOutput, label: string): void {
  const [a, e] = [arrays(actual), arrays(expected)];
  expect(Object.keys(a)).toEqual(Object.keys(e));
  for (const [name, list] of Object.entries(e)) {
    for (const [i, values] of list.entries()) {
      const bits = (x: Float32Array) => Buffer.from(x.buffer, x.byteOffset, x.byteLength);
      if (!bits(a[name]![i]!).equals(bits(values))) expect.fail(`${label}: ${name}[${i}] differs`);
    }
  }
}

/** Batches around the places where the schedule changes: few rows, one block, several, long and short sequences together. */
function batches(V: number, longest: number): ReturnType<typeof texts>[] {
  const cut = (lengths: number[]) => lengths.map((S) => Math.min(S, longest));
  return [[1], [7], [33], [95], [96], [130], [1, 2, 3], [40, 3, 17, 40], [60, 1, 1, 90], Array(40).fill(9), Array(30).fill(18)].map(
    (lengths, seed) => texts(cut(lengths), V, seed),
  );
}

/** Other texts of the same lengths. */
function reversed(batch: ReturnType<typeof texts>): ReturnType<typeof texts> {
  return batch.map((text) => ({ ...text, ids: [...text.ids].reverse() }));
}

async function compare(folder: string, options: { dtype?: "f32" | "w8" } = {}, counts: readonly number[] = THREADS): Promise<void> {
  const single = await loadStarted(folder, 1, options);
  const { vocab_size: V, num_choices } = single.config as { vocab_size: number; num_choices?: number };
  const isChoice = single.architecture.endsWith("MultipleChoice");
  const cases = await Promise.all(
    batches(V, Math.min(single.maxLength, 130)).flatMap((batch) =>
      [{}, { hiddenStates: true, attentions: true }].map(async (more) => {
        const request = { ...more, ...(isChoice && { choices: num_choices ?? 1 }) };
        return { batch, request, expected: await single.forward(batch, request) };
      }),
    ),
  );
  for (const threads of counts) {
    const model = await loadStarted(folder, threads, options);
    for (const { batch, request, expected } of cases) {
      const label = `${threads} threads, lengths ${batch.map(({ ids }) => ids.length)}`;
      expectSame(await model.forward(batch, request), expected, label);
      await model.forward(reversed(batch), request); // the second pass of a shape is recorded to be repeated, with other tokens
      expectSame(await model.forward(batch, request), expected, `${label}, repeated`);
    }
    expect((model.backend as ThreadedBackend).isUp, "no worker has died").toBe(true);
    model.dispose();
  }
  single.dispose();
}

describe("the same bits on 1, 2, 3, 5 and 16 threads", () => {
  it.each(foldersIn(fixture("tiny")).map((folder) => [folder.split("/").at(-1)!, folder] as const))(
    "%s",
    async (_name, folder) => compare(folder),
    120_000,
  );

  it("a float model as w8", () => compare(fixture("tiny/bert"), { dtype: "w8" }), 120_000);

  it("MiniLM-L6 in w8, random batches", async () => {
    const folder = new URL("../../../../weights/all-MiniLM-L6-v2", import.meta.url).pathname;
    const single = await loadStarted(folder, 1);
    let state = 12345;
    const random = (n: number) => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return state % n;
    };
    const cases = await Promise.all(
      [[512], ...Array.from({ length: 6 }, () => Array.from({ length: 1 + random(12) }, () => 1 + random(random(2) ? 20 : 120)))].map(
        async (lengths, seed) => {
          const batch = texts(lengths, 30522, seed);
          return { batch, expected: await single.forward(batch) };
        },
      ),
    );
    for (const threads of THREADS) {
      const model = await loadStarted(folder, threads);
      for (const { batch, expected } of cases) {
        for (const pass of ["recorded", "recorded to be repeated", "repeated"]) {
          expectSame(await model.forward(batch), expected, `${threads} threads, ${pass}`);
          if (pass === "recorded") await model.forward(batch.slice(1));
        }
      }
      model.dispose();
    }
    single.dispose();
  }, 120_000);
});

needsShared("golden/tiny")("the same bits, all families", () => {
  const root = sharedData("golden/tiny");
  it.each((root ? foldersIn(root) : []).map((folder) => [folder.split("/").at(-1)!, folder] as const))(
    "%s",
    async (_name, folder) => compare(folder, {}, [3]),
    120_000,
  );
});
