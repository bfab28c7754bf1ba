/** What is written opens again as it was, and has the very bytes of the official library. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../src/errors.ts";
import { bytesPerElement } from "../../src/safetensors/dtypes.ts";
import { parseSafetensors, serializeSafetensors } from "../../src/safetensors/index.ts";
import type { DType } from "../../src/safetensors/types.ts";
import { bytesOf } from "./cases.ts";

function rewrite(file: Uint8Array, withMetadata: boolean): Uint8Array {
  const { tensors, metadata } = parseSafetensors(file);
  const shuffled = [...tensors]
    .reverse()
    .map(([name, e]) => [name, { dtype: e.dtype, shape: e.shape, data: file.slice(e.start, e.end) }] as const);
  return serializeSafetensors(new Map(shuffled), withMetadata ? metadata : undefined);
}

describe("the official writer's bytes", () => {
  // Files of the golden set that the official library itself wrote, with at most one metadata key (it orders several at random).
  it.each([
    ["valid-all-dtypes.safetensors", false],
    ["valid-f32.safetensors", true],
    ["valid-bf16.safetensors", true],
    ["valid-i64.safetensors", true],
    ["valid-bool.safetensors", true],
    ["valid-0d.safetensors", false],
    ["valid-empty-tensors.safetensors", false],
    ["valid-no-tensors.safetensors", true],
    ["valid-unicode-names.safetensors", false],
  ])("%s", (file, withMetadata) => {
    expect(rewrite(bytesOf(file), withMetadata)).toEqual(bytesOf(file));
  });
});

const tensor = fc
  .record({
    dtype: fc.constantFrom(...(Object.keys(bytesPerElement) as DType[])),
    shape: fc.array(fc.nat(4), { maxLength: 4 }),
    seed: fc.nat(255),
  })
  .map(({ dtype, shape, seed }) => {
    const data = new Uint8Array(shape.reduce((count, size) => count * size, 1) * bytesPerElement[dtype]);
    return { dtype, shape, data: data.map((_, i) => (seed + 31 * i) & 255) };
  });
const text = fc.string({ unit: "grapheme", maxLength: 12 });

describe("round trip", () => {
  it("any tensors and metadata", () => {
    const input = fc.record({
      tensors: fc.array(
        fc.tuple(
          text.filter((name) => name !== "__metadata__"),
          tensor,
        ),
        { maxLength: 8 },
      ),
      metadata: fc.array(fc.tuple(text, text), { maxLength: 4 }),
    });
    fc.assert(
      fc.property(input, ({ tensors, metadata }) => {
        const written = new Map(tensors);
        const file = serializeSafetensors(written, new Map(metadata));
        const read = parseSafetensors(file);
        expect(new Map(read.metadata)).toEqual(new Map(metadata));
        expect([...read.tensors.keys()].sort()).toEqual([...written.keys()].sort());
        for (const [name, { dtype, shape, start, end }] of read.tensors) {
          expect({ dtype, shape, data: file.slice(start, end) }).toEqual(written.get(name));
          if (end > start) expect(start % bytesPerElement[dtype]).toBe(0);
        }
      }),
    );
  });
});

describe("what cannot be written", () => {
  const data = new Uint8Array(8);
  it.each<[string, string, { dtype: DType; shape: number[]; data: Uint8Array }, RegExp]>([
    ["data of another size", "x", { dtype: "F32", shape: [3], data }, /takes 12 bytes, its data has 8/],
    ["a negative size", "x", { dtype: "U8", shape: [-2, -4], data }, /whole numbers/],
    ["a size that is no integer", "x", { dtype: "U8", shape: [1.5], data }, /whole numbers/],
    ["a shape that overflows", "x", { dtype: "U8", shape: [2 ** 40, 2 ** 40], data }, /ValidationOverflow/],
    ["an unknown dtype", "x", { dtype: "F4" as DType, shape: [16], data }, /UnsupportedDType/],
    ["the reserved name", "__metadata__", { dtype: "U8", shape: [8], data }, /InvalidTensorView/],
    ["a lone surrogate", "\ud800", { dtype: "U8", shape: [8], data }, /lone surrogate/],
  ])("%s", (_, name, value, message) => {
    expect(() => serializeSafetensors(new Map([[name, value]]))).toThrow(FormatError);
    expect(() => serializeSafetensors(new Map([[name, value]]))).toThrow(message);
  });
  it("a metadata value that is no string", () => {
    const metadata = new Map([["a", 5 as unknown as string]]);
    expect(() => serializeSafetensors(new Map(), metadata)).toThrow(/a metadata value must be a string, found number/);
  });
  it("what is no Map, and data that are no bytes", () => {
    expect(() => serializeSafetensors({} as Parameters<typeof serializeSafetensors>[0])).toThrow(/expected tensors and metadata as Maps/);
    const data = new Float32Array(4) as unknown as Uint8Array; // four numbers, but sixteen bytes
    expect(() => serializeSafetensors(new Map([["x", { dtype: "U8", shape: [4], data }]]))).toThrow(
      /"x": expected a Uint8Array, found Float32Array/,
    );
  });
  it.each([undefined, 5, { dtype: "F32", shape: 5, data: new Uint8Array() }])("what is no tensor: %j", (tensor) => {
    expect(() => serializeSafetensors(new Map([["a", tensor as never]]))).toThrow(FormatError);
    expect(() => serializeSafetensors([tensor] as never)).toThrow(/as Maps by name/);
  });
  it("a metadata value with a lone surrogate", () => {
    expect(() => serializeSafetensors(new Map(), new Map([["a", "\udc00x"]]))).toThrow(/lone surrogate/);
  });
});
