/**
 * Memory comes back: load, run, dispose, 50 times, in a process of its own. The first rounds warm up (compiled kernels, optimised code, the allocator's arenas);
 * from the tenth on resident memory may grow by 16 MB in all: 0.4 MB a round, where a model that stays is 26 MB.
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const ROUNDS = 50;
const WARM_UP = 10;
const BOUND = 16e6;

test(`${ROUNDS} models loaded, run and disposed leave resident memory where it was`, { timeout: 300_000 }, () => {
  const program = fileURLToPath(new URL("memory.ts", import.meta.url));
  const output = execFileSync(process.execPath, ["--expose-gc", "--import", "tsx", program, String(ROUNDS)], { encoding: "utf8" });
  const resident = JSON.parse(output) as number[];
  expect(resident).toHaveLength(ROUNDS);
  const growth = Math.max(...resident.slice(-5)) - resident[WARM_UP]!;
  expect(growth, `resident memory by round, in MB: ${resident.map((bytes) => Math.round(bytes / 1e6)).join(" ")}`).toBeLessThan(BOUND);
});
