/** Small floats at their corners: zero, subnormals, the largest values, infinities, NaN. Every pattern is in decode.test.ts. */

import { describe, expect, test } from "vitest";
import { e4m3Bits, e5m2Bits, f16Bits } from "../../src/numbers/small-floats.ts";

const halves = new Float32Array(f16Bits().buffer);

const numbers = (bits: Uint32Array) => new Float32Array(bits.buffer);

describe("small floats", () => {
  test.each<[name: string, values: Float32Array, cases: readonly [bits: number, value: number][]]>([
    [
      "binary16",
      halves,
      [
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
      ],
    ],
    [
      "E4M3",
      numbers(e4m3Bits()),
      [
        [0x01, 2 ** -9],
        [0x38, 1],
        [0x7e, 448],
        [0x7f, Number.NaN],
        [0xff, Number.NaN],
      ],
    ],
    [
      "E5M2",
      numbers(e5m2Bits()),
      [
        [0x01, 2 ** -16],
        [0x3c, 1],
        [0x7b, 57344],
        [0xfc, Number.NEGATIVE_INFINITY],
        [0x7d, Number.NaN],
      ],
    ],
  ])("%s", (_name, values, cases) => {
    for (const [bits, value] of cases) expect(values[bits]).toBe(value);
  });
});
