/**
 * Any bytes give a result or a FormatError, in time and memory bounded by the file. Random bytes hardly get past the length, so most cases
 * here are headers that are almost right: golden files and the header of a real model, with bytes changed, cut, swapped or doubled.
 */

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FormatError } from "../../src/errors.ts";
import { parseSafetensors } from "../../src/safetensors/index.ts";
import { needsShared, sharedData } from "../shared.ts";
import { bytesOf, cases } from "./cases.ts";

/** A file from header text and data; the length prefix is right. */
function fileOf(header: string | Uint8Array, data = 0): Uint8Array {
  const json = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const file = new Uint8Array(8 + json.length + data);
  new DataView(file.buffer).setUint32(0, json.length, true);
  file.set(json, 8);
  return file;
}

/** Parses; whatever is accepted must keep the format's promises. */
function verdict(file: Uint8Array): "accept" | "reject" {
  try {
    const { tensors } = parseSafetensors(file);
    let position = 8 + new DataView(file.buffer, file.byteOffset).getUint32(0, true);
    for (const { start, end } of tensors.values()) {
      expect(start).toBe(position);
      expect(end).toBeGreaterThanOrEqual(start);
      position = end;
    }
    expect(position).toBe(file.length);
    return "accept";
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    expect(error.message.length).toBeLessThan(1000);
    return "reject";
  }
}

const small = cases.filter((c) => c.kind === "valid").map((c) => bytesOf(c.file));

const edit = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), byte: fc.nat(255), kind: fc.nat(4), length: fc.nat(9) });
function mutate(file: Uint8Array, { at, byte, kind, length }: { at: number; byte: number; kind: number; length: number }): Uint8Array {
  const i = Math.floor(at * Math.max(0, file.length - 1));
  const rest = kind === 1 ? i + length : kind === 2 ? Math.max(0, i - length) : i;
  if (kind === 0) return Uint8Array.from(file, (b, j) => (j === i ? byte : b));
  if (kind === 4) return Uint8Array.from([...file.subarray(0, i), 0x30 + (byte % 10), ...file.subarray(i)]);
  return Uint8Array.from([...file.subarray(0, i), ...file.subarray(kind === 3 ? file.length : rest)]);
}

describe("any bytes", () => {
  it("random bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void verdict(bytes)),
      { numRuns: 2000 },
    );
  });

  it("any JSON as a header, and any text", () => {
    const header = fc.oneof(fc.json(), fc.string({ unit: "binary" }), fc.stringMatching(/^[[\]{}":,0-9eE.+\\u-]{0,60}$/));
    fc.assert(
      fc.property(header, fc.nat(16), (text, data) => void verdict(fileOf(text, data))),
      { numRuns: 3000 },
    );
  });

  it("golden files with a few bytes changed, cut or doubled", () => {
    const seen = { accept: 0, reject: 0 };
    fc.assert(
      fc.property(fc.constantFrom(...small), fc.array(edit, { minLength: 1, maxLength: 4 }), (file, edits) => {
        seen[verdict(edits.reduce(mutate, file))]++;
      }),
      { numRuns: 4000 },
    );
    expect(seen.accept).toBeGreaterThan(0);
    expect(seen.reject).toBeGreaterThan(1000);
  });

  it("every cut of a file is refused", () => {
    const file = bytesOf("valid-all-dtypes.safetensors");
    for (let length = 0; length < file.length; length++) expect(verdict(file.subarray(0, length))).toBe("reject");
  });
});

describe("headers made to hurt", () => {
  const one = '{"dtype":"F32","shape":[1],"data_offsets":[0,4]}';
  it.each<[string, string]>([
    ["a million open brackets", `{"a":${"[".repeat(1_000_000)}`],
    ["a million open objects", '{"a":'.repeat(1_000_000)],
    ["a string without an end", `{"${"a".repeat(4_000_000)}`],
    ["a million escapes", `{"${"\\u0041".repeat(1_000_000)}":1}`],
    ["a million digits", `{"a":{"dtype":"F32","shape":[${"9".repeat(1_000_000)}],"data_offsets":[0,4]}}`],
    ["a number of a million zeros", `{"a":{"x":1e${"0".repeat(1_000_000)}}}`],
    [
      "a shape of a million ones and overflow",
      `{"a":{"dtype":"F32","shape":[${"9007199254740991,".repeat(1_000_00)}1],"data_offsets":[0,4]}}`,
    ],
    ["a million spaces", `{"a"${" ".repeat(4_000_000)}`],
    ["100,000 tensors on the same bytes", `{${Array.from({ length: 100_000 }, (_, i) => `"t${i}":${one}`).join(",")}}`],
    ["a name of a megabyte, twice", `{"${"n".repeat(1_000_000)}":${one},"${"n".repeat(1_000_000)}":${one}}`],
  ])("%s", (_, header) => {
    const file = fileOf(header, 4);
    const before = process.cpuUsage();
    expect(verdict(file)).toBe("reject");
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1e6).toBeLessThan(3); // linear: a few bytes take nanoseconds; anything quadratic takes minutes
  });

  it("a length of 100 MB in a file of 81 bytes asks for no memory", () => {
    const before = process.memoryUsage().arrayBuffers;
    expect(verdict(bytesOf("bad-hlen-100000000.safetensors"))).toBe("reject");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e6);
  });

  it("127 levels pass in an unknown field, 128 do not", () => {
    // The header and the tensor are two levels already.
    const nested = (levels: number) =>
      `{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":${"[".repeat(levels)}${"]".repeat(levels)}}}`;
    expect(verdict(fileOf(nested(125)))).toBe("accept");
    expect(verdict(fileOf(nested(126)))).toBe("reject");
    // Refused before JSON.parse builds them; brackets in strings are no levels.
    expect(() => parseSafetensors(fileOf("[".repeat(1_000_000)))).toThrow(/more than 127 levels/);
    expect(verdict(fileOf(`{"${'[\\"{'.repeat(200)}":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`))).toBe("accept");
  });
});

needsShared("safetensors/truncated-minilm.safetensors")("a real model, cut", () => {
  const read = () => new Uint8Array(readFileSync(sharedData("safetensors/truncated-minilm.safetensors") as string));

  it("is refused, and the sentence says that it is cut", () => {
    expect(() => parseSafetensors(read())).toThrow(/MetadataIncompleteBuffer: .* it is cut/);
  });

  it("its header with bytes changed", () => {
    const real = read();
    const header = real.subarray(0, 8 + new DataView(real.buffer).getUint32(0, true));
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        expect(verdict(edits.reduce(mutate, header))).toBe("reject");
      }),
      { numRuns: 300 },
    );
  });
});
