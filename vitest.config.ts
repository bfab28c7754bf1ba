import { defineConfig } from "vitest/config";

// Two projects: `unit` needs nothing but the repository; `real` runs the real MiniLM and reads ../shared where it exists.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/real/**", "test/gpu/**", "test/runtimes/**"],
          testTimeout: 30_000,
        },
      },
      { test: { name: "real", include: ["test/real/**/*.test.ts"], testTimeout: 120_000 } },
    ],
  },
});
