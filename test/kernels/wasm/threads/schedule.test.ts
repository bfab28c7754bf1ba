/** How attention and linear layers are cut: everything once, in tasks that share out evenly. */
import { describe, expect, it } from "vitest";
import { attentionTasks, blocksOf, panelTasks } from "../../../../src/kernels/wasm/threads/schedule.ts";
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

describe("blocksOf", () => {
  it("blocks of 64 to 128 rows, as many for each thread", () => {
    expect([95, 96, 128, 192, 256, 320, 512, 1024].map((T) => blocksOf(T, 2))).toEqual([1, 2, 2, 2, 4, 4, 8, 8]);
    expect([96, 512, 1024].map((T) => blocksOf(T, 3))).toEqual([3, 6, 12]);
    expect([96, 512, 1024].map((T) => blocksOf(T, 8))).toEqual([8, 8, 16]);
  });
});

describe("panelTasks", () => {
  const sizes = (panels: number, multiplications: number, threads: number) => {
    const tasks = panelTasks(panels, multiplications, threads);
    expect(tasks.map(({ first }) => first)).toEqual([0, ...tasks.slice(0, -1).map(({ end }) => end)]);
    expect(tasks.at(-1)!.end).toBe(panels);
    return tasks.map(({ first, end }) => end - first);
  };

  it.each([1, 2, 7, 24, 72, 96])("%i panels: each once, no task without any", (panels) => {
    for (const threads of [1, 2, 3, 5, 16]) {
      for (const multiplications of [10, 1e5, 1e7, 1e9]) expect(Math.min(...sizes(panels, multiplications, threads))).toBeGreaterThan(0);
    }
  });

  it("little work is one task, more is one a thread, much is several a thread that begin one after another", () => {
    expect(sizes(24, 20_000, 2)).toEqual([24]);
    expect(sizes(24, 1e6, 2)).toEqual([12, 12]);
    expect(sizes(24, 1e8, 2)).toEqual([2, 3, 3, 3, 3, 3, 3, 3, 1]);
    expect(sizes(96, 1e9, 4)).toEqual([2, 3, 4, ...Array(13).fill(6), 5, 3, 1]);
  });
});
