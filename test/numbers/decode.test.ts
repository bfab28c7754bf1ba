/** Decoding against formulas written another way: DataView, 2^e * m arithmetic, and exact integer distances. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decode } from "../../src/numbers/decode.ts";
import { bytesPerElement } from "../../src/safetensors/dtypes.ts";
import type { DType } from "../../src/safetensors/types.ts";
import { nearestFloat32 } from "../safetensors/cases.ts";

function decodeFloats(dtype: DType, bytes: Uint8Array): Float32Array {
  const floats = new Float32Array(bytes.length / bytesPerElement[dtype]);
  decode(dtype, bytes, 0, floats);
  return floats;
}

/** IEEE-like value of a small float by arithmetic instead of bit moves. */
function small(bits: number, e: number, m: number, hasInfinity: boolean): number {
  const sign = bits >> (e + m) ? -1 : 1;
  const exponent = (bits >> m) % 2 ** e;
  const fraction = bits % 2 ** m;
  const bias = 2 ** (e - 1) - 1;
  if (exponent === 2 ** e - 1 && hasInfinity) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 2 ** e - 1 && fraction === 2 ** m - 1) return Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias - m) : sign * (1 + fraction / 2 ** m) * 2 ** (exponent - bias);
}

describe("every bit pattern", () => {
  it.each<[DType, number, number, boolean]>([
    ["F16", 5, 10, true],
    ["BF16", 8, 7, true],
    ["F8_E5M2", 5, 2, true],
    ["F8_E4M3", 4, 3, false],
  ])("%s", (dtype, e, m, hasInfinity) => {
    const size = bytesPerElement[dtype];
    const bytes = new Uint8Array(2 ** (8 * size) * size);
    for (let i = 0; i < bytes.length; i++) bytes[i] = size === 1 ? i : i & 1 ? i >> 9 : i >> 1;
    const floats = decodeFloats(dtype, bytes);
    const wrong = [...floats].findIndex((value, bits) => !Object.is(value, small(bits, e, m, hasInfinity)));
    expect(floats.length).toBe(2 ** (1 + e + m));
    expect(wrong).toBe(-1);
  });
});

describe("64-bit integers round once", () => {
  const halfWays = [
    2n ** 60n + 2n ** 36n,
    2n ** 60n + 2n ** 36n + 1n,
    2n ** 60n + 2n ** 36n - 1n,
    2n ** 63n - 1n,
    2n ** 62n + 2n ** 38n + 1n,
    2n ** 53n + 1n,
  ];
  it.each(halfWays.flatMap((v) => [v, -v]))("%s", (value) => {
    const bytes = new Uint8Array(new BigInt64Array([value]).buffer);
    expect(decodeFloats("I64", bytes)[0]).toBe(nearestFloat32(value));
  });
  it("where rounding twice would differ", () => {
    const value = 2n ** 60n + 2n ** 36n + 1n; // a double loses the 1, and the tie then goes down
    expect(Math.fround(Number(value))).not.toBe(nearestFloat32(value));
  });
  it("any I64 and U64", () => {
    fc.assert(
      fc.property(
        fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { minLength: 1, maxLength: 20 }),
        fc.nat(63),
        (values, shift) => {
          const signed = new BigInt64Array(values.map((v) => v >> BigInt(shift)));
          const unsigned = new BigUint64Array(signed.buffer);
          expect([...decodeFloats("I64", new Uint8Array(signed.buffer))]).toEqual([...signed].map(nearestFloat32));
          expect([...decodeFloats("U64", new Uint8Array(signed.buffer))]).toEqual([...unsigned].map(nearestFloat32));
        },
      ),
    );
  });
});

describe("rows", () => {
  const readers: Partial<Record<DType, (view: DataView, at: number) => number>> = {
    F64: (view, at) => Math.fround(view.getFloat64(at, true)),
    F32: (view, at) => view.getFloat32(at, true),
    BF16: (view, at) => new Float32Array(new Uint32Array([view.getUint16(at, true) << 16]).buffer)[0] as number,
    I32: (view, at) => Math.fround(view.getInt32(at, true)),
    U32: (view, at) => Math.fround(view.getUint32(at, true)),
    I16: (view, at) => view.getInt16(at, true),
    U16: (view, at) => view.getUint16(at, true),
    I8: (view, at) => view.getInt8(at),
    U8: (view, at) => view.getUint8(at),
    BOOL: (view, at) => (view.getUint8(at) ? 1 : 0),
  };
  it.each(Object.keys(readers) as DType[])("%s at any byte offset, in a Buffer too", (dtype) => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 64, maxLength: 96 }), fc.nat(16), fc.nat(4), (data, start, count) => {
        const bytes = start % 2 ? Buffer.from(data) : data;
        const out = new Float32Array(6).fill(7);
        decode(dtype, bytes, start, out.subarray(0, count));
        const view = new DataView(data.buffer, data.byteOffset);
        for (let i = 0; i < count; i++) expect(out[i]).toBe(readers[dtype]?.(view, start + i * bytesPerElement[dtype]));
        expect([...out.subarray(count)]).toEqual(new Array(6 - count).fill(7));
      }),
    );
  });
});
