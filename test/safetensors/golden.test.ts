/** Verdicts, entries, metadata and values on the golden files; the official library's own test cases by the name of the broken rule. */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../src/errors.ts";
import { openSafetensors, parseSafetensors } from "../../src/safetensors/index.ts";
import { memorySource } from "../../src/safetensors/read.ts";
import { fixture } from "../shared.ts";
import { bytesOf, cases, nearestFloat32 } from "./cases.ts";

/** Accepted there, refused here: equal tensor names, and dtypes outside DType. */
const stricter = new Map([
  ["bad-dup-tensor-same.safetensors", /DuplicateTensor/],
  ["bad-dup-tensor-shadow.safetensors", /DuplicateTensor/],
  ["bad-dup-tensor-escaped.safetensors", /DuplicateTensor/],
  ["bad-dtype-f4.safetensors", /UnsupportedDType.*"F4"/],
  ["bad-dtype-f8e8m0.safetensors", /UnsupportedDType.*"F8_E8M0"/],
  ["bad-dtype-c64.safetensors", /UnsupportedDType.*"C64"/],
  ["bad-dtype-f8-e4m3fnuz.safetensors", /UnsupportedDType.*"F8_E4M3FNUZ"/],
]);

/** How the official message names the rule -> how ours does. */
const rules: [RegExp, RegExp][] = [
  [/header too small/, /HeaderTooSmall/],
  [/header too large/, /HeaderTooLarge/],
  [/invalid header length/, /InvalidHeaderLength/],
  [/invalid UTF-8/, /InvalidHeader:/],
  [/unknown variant/, /UnsupportedDType/],
  [/missing field/, /MissingField/],
  [/duplicate field `__metadata__`/, /DuplicateMetadata/],
  [/duplicate field/, /DuplicateField/],
  [/invalid JSON in header/, /InvalidHeaderDeserialization/],
  [/invalid offset/, /InvalidOffset|DuplicateTensor/],
  [/overflow computing/, /ValidationOverflow/],
  [/invalid shape, data type/, /TensorInvalidInfo|UnsupportedDType/],
  [/incomplete metadata/, /MetadataIncompleteBuffer|ValidationOverflow/],
];

function thrown(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error("expected an error");
}

describe("verdicts of the official library", () => {
  it("has all 187 cases", () => expect(cases.length).toBe(187));

  it.each(cases.filter((c) => c.deserialize === "reject" || stricter.has(c.file)))("$file is refused: $what", async ({ file, message }) => {
    const error = thrown(() => parseSafetensors(bytesOf(file)));
    expect(error).toBeInstanceOf(FormatError);
    const expected = stricter.get(file) ?? rules.find(([official]) => official.test(message ?? ""))?.[1];
    expect(error.message).toMatch(expected as RegExp);
    await expect(openSafetensors(memorySource(bytesOf(file)))).rejects.toThrow(error.message);
  });

  it.each(cases.filter((c) => c.deserialize === "accept" && !stricter.has(c.file)))("$file is read: $what", async (c) => {
    const bytes = bytesOf(c.file);
    for (const file of [parseSafetensors(bytes), await openSafetensors(memorySource(bytes))]) {
      const entries = Object.fromEntries([...file.tensors].map(([name, { dtype, shape }]) => [name, { dtype, shape }]));
      expect(Object.entries(entries).sort()).toEqual(Object.entries(c.tensors ?? {}).sort());
      expect(new Map(file.metadata)).toEqual(new Map(Object.entries(c.metadata ?? {})));
      const starts = [...file.tensors.values()].map((entry) => entry.start);
      expect(starts).toEqual([...starts].sort((a, b) => a - b));
      for (const [name, entry] of file.tensors) {
        expect(await file.bytes(name)).toEqual(bytes.subarray(entry.start, entry.end));
        const golden = c.values === undefined ? undefined : Object.entries(c.values).find(([key]) => key === name)?.[1];
        if (golden === undefined) continue;
        const wide = entry.dtype === "I64" || entry.dtype === "U64";
        const expected = golden.map((v) => (wide ? nearestFloat32(BigInt(v as string)) : Math.fround(asNumber(v))));
        expect([...(await file.floats(name))]).toEqual(expected);
      }
    }
  });
});

function asNumber(value: number | string | boolean): number {
  if (typeof value !== "string") return Number(value);
  return { nan: Number.NaN, inf: Number.POSITIVE_INFINITY, "-inf": Number.NEGATIVE_INFINITY }[value] ?? Number(value);
}

interface OfficialCase {
  name: string;
  expect: string;
  hex: string;
}
const official: OfficialCase[] = JSON.parse(readFileSync(fixture("safetensors/official-cases.json"), "utf8")).cases;

describe("the official library's own tests", () => {
  it.each(official)("$name: $expect", ({ expect: verdict, hex }) => {
    const bytes = new Uint8Array(Buffer.from(hex, "hex"));
    if (verdict.startsWith("ok")) {
      expect(() => parseSafetensors(bytes)).not.toThrow();
      return;
    }
    const error = thrown(() => parseSafetensors(bytes));
    expect(error).toBeInstanceOf(FormatError);
    expect(error.message).toContain(`safetensors ${verdict.split(" ")[0]}:`);
  });
});
