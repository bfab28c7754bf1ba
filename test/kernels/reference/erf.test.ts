/** erf and erfc against published values (DLMF table 7.3, NIST Handbook; 10 and more digits) and against each other. */

import { describe, expect, it } from "vitest";
import { erf, erfc } from "../../../src/kernels/reference/erf.ts";

// x, erf(x), erfc(x), to 15 digits.
const VALUES: readonly (readonly [x: number, erf: number, erfc: number])[] = [
  [0.1, 0.1124629160182849, 0.887537083981715],
  [0.5, 0.5204998778130465, 0.4795001221869535],
  [1, 0.8427007929497149, 0.1572992070502851],
  [1.5, 0.9661051464753108, 0.03389485352468927],
  [2, 0.9953222650189527, 0.004677734981047266],
  [3, 0.9999779095030014, 2.209049699858544e-5],
  [5, 0.9999999999984626, 1.537459794428035e-12],
  [10, 1, 2.088487583762545e-45],
];

describe("erf", () => {
  it.each(VALUES)("at %f", (x, value, complement) => {
    expect(Math.abs(erf(x) / value - 1)).toBeLessThanOrEqual(1e-15);
    expect(erf(-x)).toBe(-erf(x));
    expect(Math.abs(erfc(x) / complement - 1)).toBeLessThanOrEqual(Math.max(5e-14, x * x * 2 ** -52));
    expect(Math.abs(erfc(-x) - (1 + value))).toBeLessThanOrEqual(1e-15);
  });

  it("has its limits and passes NaN on", () => {
    expect([erf(0), erf(40), erfc(-40), erfc(40)]).toEqual([0, 1, 2, 0]);
    expect(erf(Number.NaN)).toBeNaN();
    expect(erfc(Number.NaN)).toBeNaN();
  });

  it("is continuous where the series meets the continued fraction", () => {
    for (const x of [2, -2]) expect(Math.abs(erf(x * (1 - 2 ** -52)) - erf(x))).toBeLessThanOrEqual(1e-15);
  });
});
