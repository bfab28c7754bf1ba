/** The scan against sums in float64 (f32) and exact integers (int8), for lengths around its vectors. */
import { describe, expect, it } from "vitest";
import { ShapeError } from "../../../src/errors.ts";
import { F32, I8, SimilarityScan } from "../../../src/kernels/wasm/similarity.ts";
import { randomFloats } from "./harness.ts";

const SIZES = [1, 3, 4, 15, 16, 17, 31, 100, 384, 1027];

describe("similarity scan", () => {
  it.each(SIZES)("f32, %i dimensions: float64 within the roundings of its sum", (C) => {
    const rows = randomFloats(9 * C, 1);
    const query = randomFloats(C, 2);
    const scan = new SimilarityScan(F32, C, 9);
    scan.rows.set(rows);
    const scores = scan.scores(query, 9);
    for (let n = 0; n < 9; n++) {
      let exact = 0;
      let magnitude = 0;
      for (let c = 0; c < C; c++) {
        exact += query[c]! * rows[n * C + c]!;
        magnitude += Math.abs(query[c]! * rows[n * C + c]!);
      }
      // a lane adds ceil(C / 16) products (or 15 single ones), then come 5 additions
      expect(Math.abs(scores[n]! - exact)).toBeLessThanOrEqual((C / 16 + 21) * 2 ** -24 * magnitude);
      expect(Math.abs(exact)).toBeGreaterThan(0);
    }
  });

  it.each(SIZES)("squares, %i dimensions: a row's product with itself", (C) => {
    const rows = randomFloats(5 * C, 7);
    const scan = new SimilarityScan(F32, C, 5);
    scan.rows.set(rows);
    const squares = [...scan.squares(5)];
    for (let n = 0; n < 5; n++) {
      expect(squares[n]).toBe(scan.scores(rows.subarray(n * C, (n + 1) * C), 5)[n]);
      expect(squares[n]).toBeGreaterThan(0);
    }
  });

  it.each(SIZES)("int8, %i dimensions: exact", (C) => {
    const bytes = (seed: number, count: number) => Int8Array.from(randomFloats(count, seed, 128), Math.floor);
    const rows = bytes(3, 9 * C).fill(-128, 0, C);
    const query = bytes(4, C).fill(-128, 0, Math.min(C, 7));
    const scan = new SimilarityScan(I8, C, 9);
    scan.rows.set(rows);
    const scores = scan.scores(query, 9);
    for (let n = 0; n < 9; n++) {
      let exact = 0;
      for (let c = 0; c < C; c++) exact += query[c]! * rows[n * C + c]!;
      expect(scores[n]).toBe(Math.fround(exact));
    }
  });

  it("refuses a query of another length", () => {
    expect(() => new SimilarityScan(F32, 4, 2).scores(new Float32Array(5), 1)).toThrow(ShapeError);
  });
});
