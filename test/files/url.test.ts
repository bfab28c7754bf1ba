/** Models behind a plain URL: whole files, byte ranges with few requests, servers without ranges, pages instead of files. */

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ConfigError, DownloadError, FormatError } from "../../src/errors.ts";
import { openModelFiles } from "../../src/files/open.ts";
import { DownloadProgress } from "../../src/files/progress.ts";
import type { Progress } from "../../src/files/types.ts";
import { UrlFiles } from "../../src/files/url-files.ts";
import { openSafetensors, serializeSafetensors } from "../../src/safetensors/index.ts";

const quick = { attempts: 3, backOffMs: 5, silenceMs: 10_000 };
const tensor = (rows: number) => ({
  dtype: "U8" as const,
  shape: [rows],
  data: Uint8Array.from({ length: rows }, (_, i) => (i * 7 + rows) & 255),
});
/** 40 small tensors and two large ones: 13 MB. */
const tensors = new Map([
  ...Array.from({ length: 40 }, (_, i) => [`t${i}`, tensor(20_000 + i)] as const),
  ["big", tensor(9_000_000)],
  ["medium", tensor(3_000_000)],
]);
const checkpoint = serializeSafetensors(tensors);

let server: Server;
let base: string;
let asked: string[];
let behave: { ranges: boolean; page: boolean; status: number | undefined; cuts: number; headers: (string | undefined)[] };
const files = new Map<string, Uint8Array>([
  ["/a%20folder/config.json", new TextEncoder().encode("{}")],
  ["/a%20folder/1_Pooling/config.json", new TextEncoder().encode('{"a":1}')],
  ["/a%20folder/model.safetensors", checkpoint],
  ["/a%20folder/vocab.txt", new TextEncoder().encode("version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 5\n")],
]);

beforeEach(async () => {
  asked = [];
  behave = { ranges: true, page: false, status: undefined, cuts: 0, headers: [] };
  server = createServer((request, response) => {
    const [path, query] = (request.url ?? "").split("?");
    const file = files.get(path ?? "");
    asked.push(`${path?.slice("/a%20folder/".length)}${query === undefined ? "" : `?${query}`} ${request.headers.range ?? ""}`.trim());
    behave.headers.push(request.headers.authorization);
    if (behave.status !== undefined) return response.writeHead(behave.status).end();
    if (file === undefined) return behave.page ? response.end("<!doctype html><p>app</p>") : response.writeHead(404).end();
    const range = behave.ranges ? /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") : null;
    if (range === null) return response.writeHead(200, { "Content-Length": file.length }).end(file);
    const start = Number(range[1]);
    const end = Math.min(range[2] === "" ? file.length : Number(range[2]) + 1, file.length);
    response.writeHead(206, { "Content-Range": `bytes ${start}-${end - 1}/${file.length}`, "Content-Length": end - start });
    if (start > 0 && behave.cuts-- > 0) response.write(file.subarray(start, start + 1000), () => setTimeout(() => response.destroy(), 5));
    else response.end(file.subarray(start, end));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a folder/`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const open = (onProgress?: (event: Progress) => void, signal?: AbortSignal) =>
  new UrlFiles(base, { headers: {}, progress: new DownloadProgress(onProgress), signal, network: quick });
const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);

describe("whole files", () => {
  it("below the address, with its query, in folders", async () => {
    const files = await openModelFiles(`${base}?key=1`, { token: "mine" });
    expect(text(await files.read("config.json"))).toBe("{}");
    expect(text(await files.subfolder("1_Pooling").readIfPresent("config.json"))).toBe('{"a":1}');
    expect(await files.readIfPresent("modules.json")).toBeUndefined();
    expect(asked).toEqual(["config.json?key=1", "1_Pooling/config.json?key=1", "modules.json?key=1"]);
    expect(behave.headers).toEqual(["Bearer mine", "Bearer mine", "Bearer mine"]);
    expect(files.label).not.toContain("key");
  });

  it("a small file comes once, whoever reads it", async () => {
    const files = open();
    for (let i = 0; i < 2; i++) {
      expect(text(await files.read("1_Pooling/config.json"))).toBe('{"a":1}');
      expect(text(await files.subfolder("1_Pooling").readIfPresent("config.json"))).toBe('{"a":1}');
    }
    expect(asked).toEqual(["1_Pooling/config.json"]);
  });

  it("the Hub's token is not sent", async () => {
    process.env.HF_TOKEN = "hf_secret";
    try {
      await (await openModelFiles(base, {})).read("config.json");
    } finally {
      delete process.env.HF_TOKEN;
    }
    expect(behave.headers).toEqual([undefined]);
  });

  it.each([404, 401, 403, 500])("%i is an error that names address and file", async (status) => {
    behave.status = status;
    const reading = open().read("config.json");
    await expect(reading).rejects.toThrow(DownloadError);
    await expect(reading).rejects.toThrow(
      new RegExp(`config.json of http://127.0.0.1:\\d+/a%20folder could not be fetched: .* answered ${status}`),
    );
    const optional = open().readIfPresent("config.json");
    if (status === 404 || status === 403) expect(await optional).toBeUndefined();
    else await expect(optional).rejects.toThrow(DownloadError);
  });

  it("the page of a development server is no file", async () => {
    behave.page = true;
    expect(await open().readIfPresent("modules.json")).toBeUndefined();
    await expect(open().read("modules.json")).rejects.toThrow(/modules.json of .* is an HTML page/);
    await expect(open().open("missing.safetensors")).rejects.toThrow(FormatError);
  });

  it("a pointer is no file", async () => {
    await expect(open().read("vocab.txt")).rejects.toThrow(/is a Git LFS pointer instead of the file itself/);
  });

  it("nobody there", async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await expect(open().read("config.json")).rejects.toThrow(DownloadError);
    await expect(open().readIfPresent("config.json")).rejects.toThrow(/ECONNREFUSED/);
    await expect(open().open("model.safetensors")).rejects.toThrow(DownloadError);
  });

  it("is refused with localFilesOnly, and where it is no URL", async () => {
    await expect(openModelFiles(base, { localFilesOnly: true })).rejects.toThrow(ConfigError);
    await expect(openModelFiles("http://", {})).rejects.toThrow(ConfigError);
  });
});

describe("byte ranges", () => {
  it("one request opens a checkpoint, one tensor costs one more", async () => {
    const file = await openSafetensors(await open().open("model.safetensors"));
    expect(asked).toEqual(["model.safetensors bytes=0-65535"]);
    expect(await file.bytes("t5")).toEqual(tensors.get("t5")?.data);
    expect(asked).toHaveLength(2);
  });

  it("a whole model costs a handful of requests, and all bytes are right", async () => {
    const events: Progress[] = [];
    const file = await openSafetensors(await open((event) => events.push(event)).open("model.safetensors"));
    for (const [name, { data }] of tensors) expect(Buffer.compare(await file.bytes(name), data)).toBe(0);
    expect(asked.length).toBeLessThan(8);
    const loaded = events.map((event) => event.loaded);
    expect(loaded).toEqual([...loaded].sort((a, b) => a - b));
    expect(events.at(-1)).toMatchObject({ loaded: checkpoint.length, total: checkpoint.length });
  });

  it("many readers at once share the blocks", async () => {
    const file = await openSafetensors(await open().open("model.safetensors"));
    const all = await Promise.all([...tensors].map(async ([name, { data }]) => Buffer.compare(await file.bytes(name), data)));
    expect(new Set(all)).toEqual(new Set([0]));
    expect(asked.length).toBeLessThan(8);
  });

  it("a cut range goes on where it stopped", async () => {
    behave.cuts = 2;
    const file = await openSafetensors(await open().open("model.safetensors"));
    expect(Buffer.compare(await file.bytes("big"), tensors.get("big")?.data as Uint8Array)).toBe(0);
    const begins = asked.slice(1).map((line) => Number(/bytes=(\d+)-/.exec(line)![1]));
    expect(begins).toHaveLength(5); // two blocks, the range between them, and the rest of what was cut
    for (const begin of begins) expect([0, 1000, 2000]).toContain(begin % 2 ** 22);
  });

  it("no byte comes twice, but for the first 64 KiB", async () => {
    const file = await openSafetensors(await open().open("model.safetensors"));
    for (const name of tensors.keys()) await file.bytes(name);
    const lengths = asked.map((line) => {
      const [, from, to] = /bytes=(\d+)-(\d+)/.exec(line)!;
      return Number(to) + 1 - Number(from);
    });
    expect(lengths.reduce((sum, length) => sum + length)).toBe(checkpoint.length + 65_536);
  });

  it("a read of nothing asks for nothing, at the borders of blocks too", async () => {
    const source = await open().open("model.safetensors");
    for (const at of [0, 100_000, 2 ** 22, source.size]) expect(await source.read(at, at)).toHaveLength(0);
    expect(asked).toHaveLength(1);
  });

  it("a server without ranges sends the file whole, once", async () => {
    behave.ranges = false;
    const file = await openSafetensors(await open().open("model.safetensors"));
    for (const [name, { data }] of tensors) expect(Buffer.compare(await file.bytes(name), data)).toBe(0);
    expect(asked).toHaveLength(1);
  });

  it("abort ends a read", async () => {
    const controller = new AbortController();
    const source = await open().open("model.safetensors");
    controller.abort(new Error("enough"));
    await expect(source.read(1_000_000, 9_000_000, controller.signal)).rejects.toThrow("enough");
  });

  it.each([404, 500])("%i", async (status) => {
    behave.status = status;
    await expect(open().open("model.safetensors")).rejects.toThrow(DownloadError);
  });
});
