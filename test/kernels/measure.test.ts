/** The measurement behind device "auto": it times whole passes, counts the fastest, and leaves the backend usable. */

import { expect, test, vi } from "vitest";
import { measureBackend } from "../../src/kernels/measure.ts";
import { ReferenceBackend } from "../../src/kernels/reference/backend.ts";

const SMALL = { C: 12, F: 24, H: 3, L: 2, T: 40, S: 32 };

test("the fastest of the timed passes counts, the first pass does not", async () => {
  const backend = new ReferenceBackend();
  const pass = vi.spyOn(backend, "pass");
  const clock = vi.spyOn(performance, "now");
  for (const time of [0, 30, 100, 120]) clock.mockReturnValueOnce(time);
  expect(await measureBackend(backend, SMALL)).toBe(20);
  expect(pass).toHaveBeenCalledTimes(3);
  clock.mockRestore();
});

test("every pass computes finite vectors, and more layers take longer", async () => {
  const backend = new ReferenceBackend();
  const pass = vi.spyOn(backend, "pass");
  const few = await measureBackend(backend, SMALL);
  expect(await measureBackend(backend, { ...SMALL, L: 40 })).toBeGreaterThan(few);
  for (const { value } of pass.mock.results) {
    const [pooled] = await value;
    expect(pooled).toHaveLength(2 * SMALL.C);
    expect(pooled.every(Number.isFinite)).toBe(true);
  }
});
