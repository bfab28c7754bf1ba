/** Opening by byte ranges: how little is read, sources that lie, shards and their hostile indices. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ConfigError, FormatError } from "../../src/errors.ts";
import { openSafetensors, parseSafetensors, serializeSafetensors } from "../../src/safetensors/index.ts";
import { memorySource } from "../../src/safetensors/read.ts";
import type { ByteSource } from "../../src/safetensors/types.ts";
import { needsShared, sharedData } from "../shared.ts";
import { bytesOf } from "./cases.ts";

function watched(file: Uint8Array): { source: ByteSource; reads: [number, number][] } {
  const reads: [number, number][] = [];
  const read = async (start: number, end: number) => {
    reads.push([start, end]);
    return file.slice(start, end);
  };
  return { source: { size: file.length, read }, reads };
}

/** A source of an index whose siblings are `files`. */
function folder(index: unknown, files: Record<string, Uint8Array>): ByteSource & { closed: string[] } {
  const closed: string[] = [];
  const sibling = async (name: string) => {
    const file = files[name];
    if (file === undefined) throw new ConfigError(`no ${name}`);
    return { ...memorySource(file), close: () => void closed.push(name) };
  };
  return { ...memorySource(new TextEncoder().encode(typeof index === "string" ? index : JSON.stringify(index, null, 2))), sibling, closed };
}

const f32 = (...values: number[]) => ({
  dtype: "F32" as const,
  shape: [values.length],
  data: new Uint8Array(new Float32Array(values).buffer),
});

it.each<unknown>([null, "text", new ArrayBuffer(16), new Float32Array(4)])("parseSafetensors takes bytes only: %o", (file) => {
  expect(() => parseSafetensors(file as Uint8Array)).toThrow(ConfigError);
  expect(() => parseSafetensors(file as Uint8Array)).toThrow(/parseSafetensors: expected a Uint8Array, found/);
});

describe("lazily", () => {
  const file = bytesOf("valid-all-dtypes.safetensors");
  const dataStart = 8 + new DataView(file.buffer).getUint32(0, true);

  it("opening reads the length and the header, a tensor its own bytes", async () => {
    const { source, reads } = watched(file);
    const opened = await openSafetensors(source);
    expect(reads.every(([, end]) => end <= dataStart)).toBe(true);
    reads.length = 0;
    for (const [name, { start, end }] of opened.tensors) {
      await opened.floats(name);
      expect(reads.pop()).toEqual([start, end]);
      expect(reads).toEqual([]);
    }
  });

  it("a source that returns too few bytes is a FormatError", async () => {
    const short: ByteSource = { size: file.length, read: async (start, end) => file.slice(start, Math.min(end, dataStart)) };
    const opened = await openSafetensors(short);
    await expect(opened.floats([...opened.tensors.keys()][0] as string)).rejects.toThrow(FormatError);
    await expect(openSafetensors({ size: file.length, read: async () => new Uint8Array(3) })).rejects.toThrow(/ShortRead/);
  });

  it("an unknown name says what is like it", async () => {
    const opened = parseSafetensors(serializeSafetensors(new Map([["bert.encoder.weight", f32(1)]])));
    await expect(opened.floats("encoder.weight")).rejects.toThrow(/No tensor "encoder.weight".*the file has "bert.encoder.weight"/);
    await expect(opened.bytes("__proto__")).rejects.toThrow(ConfigError);
  });

  it("bytes share the file's memory", async () => {
    const opened = parseSafetensors(file);
    for (const [name, { start }] of opened.tensors) {
      expect((await opened.bytes(name)).buffer).toBe(file.buffer);
      expect((await opened.bytes(name)).byteOffset).toBe(start);
    }
  });
});

describe("shards", () => {
  const a = serializeSafetensors(
    new Map([
      ["a", f32(1, 2)],
      ["spare", f32(9)],
    ]),
    new Map([["format", "pt"]]),
  );
  const b = serializeSafetensors(new Map([["b", f32(3)]]));
  const files = { "m-1.safetensors": a, "m-2.safetensors": b };
  const index = { metadata: { total_size: 12 }, weight_map: { b: "m-2.safetensors", a: "m-1.safetensors" } };

  it("are found beside the index", async () => {
    const source = folder(index, files);
    const opened = await openSafetensors(source);
    expect([...opened.tensors.keys()]).toEqual(["a", "b"]);
    expect(opened.tensors.get("b")?.file).toBe("m-2.safetensors");
    expect(opened.metadata.get("format")).toBe("pt");
    expect([...(await opened.floats("a")), ...(await opened.floats("b"))]).toEqual([1, 2, 3]);
    await expect(opened.bytes("spare")).rejects.toThrow(ConfigError);
    opened.close();
    expect(source.closed.sort()).toEqual(["m-1.safetensors", "m-2.safetensors"]);
  });

  it("or by options.shard", async () => {
    const source = memorySource(new TextEncoder().encode(JSON.stringify(index)));
    const opened = await openSafetensors(source, { shard: (name) => memorySource(files[name as keyof typeof files]) });
    expect([...(await opened.floats("b"))]).toEqual([3]);
    await expect(openSafetensors(source)).rejects.toThrow(/cannot open a file beside it/);
  });

  it.each<[string, unknown, RegExp]>([
    ["a tensor that its shard lacks", { weight_map: { c: "m-1.safetensors" } }, /MissingTensor/],
    ["no weight_map", { metadata: {}, more: [1, { x: null }] }, /MissingField/],
    ["a number for a file", { weight_map: { a: 1 } }, /InvalidHeaderDeserialization/],
    ["a name twice", '{"weight_map":{"a":"m-1.safetensors","a":"m-2.safetensors"}}', /DuplicateTensor/],
    ["cut JSON", '{"weight_map":{"a":"m-1.saf', /InvalidHeaderDeserialization/],
    ...["../x", "/etc/passwd", "..", "a/b", "a\\b", "C:x", ""].map((name): [string, unknown, RegExp] => [
      `the file name ${JSON.stringify(name)}`,
      { weight_map: { a: name } },
      /InvalidShardName/,
    ]),
  ])("%s is refused", async (_, broken, message) => {
    const source = folder(broken, files);
    const opening = openSafetensors(source);
    await expect(opening).rejects.toThrow(FormatError);
    await expect(opening).rejects.toThrow(message);
  });

  it("a broken second shard is closed, and so is the first", async () => {
    const source = folder(index, { ...files, "m-2.safetensors": b.subarray(0, 20) });
    await expect(openSafetensors(source)).rejects.toThrow(FormatError);
    expect(source.closed.sort()).toEqual(["m-1.safetensors", "m-2.safetensors"]);
  });

  it.each([
    ["version https://git-lfs.github.com/spec/v1\noid sha256:00\n", /Git LFS pointer/],
    ["<!DOCTYPE html><html></html>", /HTML page/],
    ["\x80\x02}q\x00(X\x04\x00\x00\x00", /pickle/],
  ])("what the file is instead: %j", async (text, message) => {
    await expect(openSafetensors(memorySource(Uint8Array.from(text, (c) => c.charCodeAt(0))))).rejects.toThrow(message);
  });
});

needsShared("golden/bert-variants/sharded")("a sharded checkpoint of transformers", () => {
  it("has the tensors of its index", async () => {
    const path = sharedData("golden/bert-variants/sharded") as string;
    const bytes = new Uint8Array(readFileSync(join(path, "model.safetensors.index.json")));
    const shard = (name: string) => memorySource(new Uint8Array(readFileSync(join(path, name))));
    const opened = await openSafetensors(memorySource(bytes), { shard });
    const { weight_map } = JSON.parse(new TextDecoder().decode(bytes));
    expect([...opened.tensors.keys()].sort()).toEqual(Object.keys(weight_map).sort());
    for (const name of opened.tensors.keys()) expect((await opened.floats(name)).every(Number.isFinite)).toBe(true);
  });
});
