/** The ledger: threads that lose time are left alone for a while, threads that win are not. */
import { describe, expect, it } from "vitest";
import { Ledger } from "../../../../src/kernels/wasm/threads/ledger.ts";

/** Passes of `wall` and `processor` milliseconds, one after another; [passes on several threads, on one]. */
function passes(count: number, several: { wall: number; processor: number }, ledger: Ledger, clock: { wall: number; processor: number }) {
  const counts: [several: number, one: number] = [0, 0];
  for (let i = 0; i < count; i++) {
    const isSeveral = ledger.begin();
    counts[isSeveral ? 0 : 1]++;
    clock.wall += isSeveral ? several.wall : 1;
    clock.processor += isSeveral ? several.processor : 1;
    if (isSeveral) ledger.end();
  }
  return counts;
}

describe("Ledger", () => {
  it("uses threads that bring something", () => {
    const clock = { wall: 5, processor: 7 };
    const ledger = new Ledger(() => ({ ...clock }));
    expect(passes(1000, { wall: 1, processor: 1.3 }, ledger, clock)).toEqual([1000, 0]);
  });

  it("leaves them for longer and longer when they lose, and comes back", () => {
    const clock = { wall: 0, processor: 0 };
    const ledger = new Ledger(() => ({ ...clock }));
    const [several, one] = passes(10_000, { wall: 2, processor: 1.5 }, ledger, clock);
    expect(several / (several + one)).toBeLessThan(0.01);
    expect(several).toBeGreaterThan(10);
    const [again] = passes(10_000, { wall: 1, processor: 1.8 }, ledger, clock);
    expect(again).toBeGreaterThan(9300);
  });

  it("forgives one bad pass", () => {
    const clock = { wall: 0, processor: 0 };
    const ledger = new Ledger(() => ({ ...clock }));
    passes(100, { wall: 1, processor: 1.9 }, ledger, clock);
    passes(1, { wall: 15, processor: 2 }, ledger, clock);
    expect(passes(10, { wall: 1, processor: 1.9 }, ledger, clock)).toEqual([10, 0]);
  });

  it("uses threads always where processor time is not told", () => {
    const ledger = new Ledger(() => undefined);
    for (let i = 0; i < 100; i++) {
      expect(ledger.begin()).toBe(true);
      ledger.end();
    }
  });
});
