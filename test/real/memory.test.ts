/**
 * Memory comes back: load, run, dispose, 50 times, in a process of its own that keeps every disposed model. The first rounds warm up (compiled kernels,
 * optimised code, the allocator's arenas); from then on resident memory may grow by 8 MB in all: 0.2 MB a round, where weights that stay are 10 MB or more.
 * V8 frees a round's memory during that round or a later one, so five rounds in a row are compared by their lowest. glibc takes ever larger blocks from its
 * heap, which need not shrink again, unless the threshold is fixed.
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const ROUNDS = 50;
const WARM_UP = 10;
const WINDOW = 5;
const BOUND = 8e6;

test(`${ROUNDS} models loaded, run and disposed leave resident memory where it was`, { timeout: 300_000 }, () => {
  const program = fileURLToPath(new URL("memory.ts", import.meta.url));
  const output = execFileSync(process.execPath, ["--expose-gc", "--import", "tsx", program, String(ROUNDS)], {
    encoding: "utf8",
    env: { ...process.env, MALLOC_MMAP_THRESHOLD_: "131072" },
  });
  const { kept, resident } = JSON.parse(output) as { kept: number; resident: number[] };
  expect([kept, resident.length]).toEqual([ROUNDS, ROUNDS]);
  const growth = Math.min(...resident.slice(-WINDOW)) - Math.min(...resident.slice(WARM_UP, WARM_UP + WINDOW));
  expect(growth, `resident memory by round, in MB: ${resident.map((bytes) => Math.round(bytes / 1e6)).join(" ")}`).toBeLessThan(BOUND);
});
