/** The scratch stack: frames free what they allocated, memory never moves, and repeated shapes allocate nothing. */

import { describe, expect, it } from "vitest";
import { Scratch } from "../../src/tensor/scratch.ts";

describe("Scratch", () => {
  it("gives disjoint Mats inside a frame and the same places again after it", () => {
    const scratch = new Scratch();
    const place = () =>
      scratch.frame(() => {
        const a = scratch.alloc(3, 5);
        const b = scratch.alloc(2, 2);
        expect(b.storage).toBe(a.storage);
        expect(b.offset).toBeGreaterThanOrEqual(a.offset + 15);
        return [a.offset, b.offset];
      });
    expect(place()).toEqual(place());
    expect(scratch.stats.inUse).toBe(0);
  });

  it("never moves what is in use when it grows, and allocates nothing for shapes it has seen", () => {
    const scratch = new Scratch();
    const pass = (rows: number) =>
      scratch.frame(() => {
        const first = scratch.alloc(rows, 1000);
        (first.storage as Float32Array)[first.offset] = 42;
        for (let layer = 0; layer < 3; layer++) scratch.frame(() => scratch.alloc(2 * rows, 1000));
        return (first.storage as Float32Array)[first.offset];
      });
    expect(pass(10)).toBe(42);
    expect(pass(1000)).toBe(42);
    const { slabs, capacity } = scratch.stats;
    for (const rows of [1000, 10, 1000, 500]) pass(rows);
    expect(scratch.stats).toEqual({ slabs, capacity, inUse: 0 });
    expect(capacity).toBeGreaterThanOrEqual(3_000_000);
    pass(4000);
    expect(scratch.stats.slabs).toBeGreaterThan(slabs);
  });

  it("frees a frame whose body throws", () => {
    const scratch = new Scratch();
    expect(() =>
      scratch.frame(() => {
        scratch.alloc(10, 10);
        throw new Error("stop");
      }),
    ).toThrow("stop");
    expect(scratch.stats.inUse).toBe(0);
  });

  it("serves empty Mats", () => {
    expect(new Scratch().alloc(0, 384).shape).toEqual([0, 384]);
  });
});
