import { defineConfig } from "vitest/config";

const OWN_PACKAGES = ["test/gpu/**", "test/runtimes/**"];
const PROCESSES = ["test/cli/**", "test/worker/**", "test/package/**", "test/kernels/wasm/threads/**"];

// `unit` runs in this process on small fixtures; `real` starts processes and workers, runs the real models of weights/ and reads ../shared where it
// exists; `slow` is what takes minutes (every command that the docs quote, every Unicode scalar value through eight tokenizers): CI runs it, `npm test` does not.
export default defineConfig({
  test: {
    maxWorkers: "100%",
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/real/**", "test/slow/**", ...PROCESSES, ...OWN_PACKAGES],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: "real",
          include: ["test/real/**/*.test.ts", ...PROCESSES.map((folder) => `${folder}/*.test.ts`)],
          testTimeout: 120_000,
        },
      },
      { test: { name: "slow", include: ["test/slow/**/*.test.ts"], testTimeout: 600_000 } },
    ],
  },
});
