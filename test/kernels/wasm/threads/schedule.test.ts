/** How attention is cut: every head and query of every sequence once, in tasks that share out evenly. */
import { describe, expect, it } from "vitest";
import { attentionTasks } from "../../../../src/kernels/wasm/threads/schedule.ts";
import { Sequences } from "../../../../src/tensor/sequences.ts";

const HEADS = 12;

describe("attentionTasks", () => {
  it.each([[[512]], [[130, 1, 7]], [Array(30).fill(18)], [[512, 300, 3]], [[49]]])(
    "lengths %j: each query of each head once",
    (lengths) => {
      for (const threads of [2, 3, 5, 8, 16]) {
        const counts = lengths.map((S: number) => new Uint8Array(HEADS * S));
        for (const { b, firstHead, endHead, firstQuery = 0, endQuery = lengths[b]! } of attentionTasks(
          new Sequences(lengths),
          HEADS,
          32,
          threads,
        ).flat()) {
          for (let h = firstHead; h < endHead; h++) for (let i = firstQuery; i < endQuery; i++) counts[b]![h * lengths[b]! + i]!++;
        }
        expect(counts.every((count) => count.every((times) => times === 1))).toBe(true);
      }
    },
  );

  it.each([2, 3, 4, 5, 6, 8, 12, 16])("one long sequence keeps %i threads busy", (threads) => {
    const tasks = attentionTasks(new Sequences([512]), HEADS, 32, threads);
    const queries = (task: (typeof tasks)[number]) =>
      task.reduce(
        (sum, { firstHead, endHead, firstQuery = 0, endQuery = 512 }) => sum + (endHead - firstHead) * (endQuery - firstQuery),
        0,
      );
    const longest = Math.max(...tasks.map(queries));
    expect((HEADS * 512) / (threads * Math.ceil(tasks.length / threads) * longest)).toBeGreaterThan(0.9);
  });
});
