import { defineConfig } from "vitest/config";

// Run by run.mjs, which sets the environment that Dawn needs. One file at a time: SwiftShader uses every core by itself.
export default defineConfig({
  test: { root: import.meta.dirname, include: ["**/*.test.ts"], testTimeout: 180_000, hookTimeout: 180_000, fileParallelism: false },
});
