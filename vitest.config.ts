import { defineConfig } from "vitest/config";

const OWN_PACKAGES = ["test/gpu/**", "test/runtimes/**"];

// `unit` needs nothing but the repository; `real` runs the real models of weights/ and reads ../shared where it exists;
// `slow` is what takes minutes (every Unicode scalar value through eight tokenizers): CI runs it, `npm test` does not.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/real/**", "test/slow/**", ...OWN_PACKAGES],
          testTimeout: 30_000,
        },
      },
      { test: { name: "real", include: ["test/real/**/*.test.ts"], testTimeout: 120_000 } },
      { test: { name: "slow", include: ["test/slow/**/*.test.ts"], testTimeout: 600_000 } },
    ],
  },
});
