/** The 16-bit formats at their corners: zero, subnormals, the largest values, infinities, NaN. */

import { describe, expect, it } from "vitest";
import { bfloat16ToNumber, halfToNumber, halfValues } from "../../src/numbers/float16.ts";

describe("16-bit floats", () => {
  it("binary16", () => {
    const cases: [bits: number, value: number][] = [
      [0x0000, 0],
      [0x8000, -0],
      [0x0001, 2 ** -24],
      [0x83ff, -1023 * 2 ** -24],
      [0x0400, 2 ** -14],
      [0x3c00, 1],
      [0xc100, -2.5],
      [0x3555, 0.333251953125],
      [0x7bff, 65504],
      [0x7c00, Number.POSITIVE_INFINITY],
      [0xfc00, Number.NEGATIVE_INFINITY],
      [0x7e00, Number.NaN],
    ];
    for (const [bits, value] of cases) {
      expect(halfToNumber(bits)).toBe(value);
      expect(halfValues()[bits]).toBe(value);
    }
  });
  it("bfloat16", () => {
    expect([0x0000, 0x3f80, 0xc020, 0x7f80, 0x0001].map(bfloat16ToNumber)).toEqual([0, 1, -2.5, Number.POSITIVE_INFINITY, 2 ** -133]);
    expect(bfloat16ToNumber(0x7fc0)).toBeNaN();
  });
});
