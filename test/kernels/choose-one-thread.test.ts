/** Threads that cannot be had are said, once, and the model works on one. */
import { expect, it, vi } from "vitest";
import { UnsupportedError } from "../../src/errors.ts";
import { createBackend } from "../../src/kernels/choose.ts";

vi.mock("../../src/kernels/wasm/threads/backend.ts", () => ({
  ThreadedBackend: class {
    constructor() {
      throw new UnsupportedError("kernels for shared memory are missing");
    }
  },
}));

it("falls back to one thread and warns once", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  for (let i = 0; i < 2; i++) {
    const { backend } = await createBackend({ device: "wasm", threads: 2 });
    expect(backend.name).toBe("wasm");
    backend.dispose();
  }
  expect(warn.mock.calls).toEqual([["hummingbert: models run on one thread: kernels for shared memory are missing"]]);
  warn.mockRestore();
});
