/** Downloads from the Hub when the network, the disk or the user gets in between. */

import fs from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { DownloadError, FormatError } from "../../src/errors.ts";
import { HubCache } from "../../src/files/hub-cache.ts";
import { HubFiles } from "../../src/files/hub-files.ts";
import { DownloadProgress } from "../../src/files/progress.ts";
import type { Progress } from "../../src/files/types.ts";
import {
  blobOf,
  commit,
  config,
  failure,
  folder,
  hub,
  id,
  quick,
  restart,
  root,
  same,
  server,
  temporaries,
  tree,
  weights,
} from "./hub-fixture.ts";

describe("trouble on the way", () => {
  it.each([429, 500, 502, 503, 504])("%i twice, then well", async (status) => {
    server.headFaults.set("model.safetensors", [{ status }, { status }]);
    server.faults.set("model.safetensors", [{ status }, { status }]);
    expect(same(weights, await hub().read("model.safetensors"))).toBe(true);
  });

  it.each([429, 503])("%i for ever", async (status) => {
    server.headFaults.set("config.json", Array(9).fill({ status }));
    const error = await failure(hub().read("config.json"));
    expect(error).toBeInstanceOf(DownloadError);
    expect(error.message).toMatch(status === 429 ? /429; too many requests/ : /503; the server has trouble/);
    expect(server.asked()).toHaveLength(quick.attempts);
  });

  it("a cut connection goes on where it stopped", async () => {
    server.faults.set("model.safetensors", [{ cutAfter: 100_000 }, { cutAfter: 50_000 }]);
    expect(same(weights, await hub().read("model.safetensors"))).toBe(true);
    const asked = server.asked().flatMap((line) => /GET .* bytes=(\d+)-$/.exec(line)?.[1] ?? []);
    const [first, second, ...more] = [...new Set(asked)].map(Number);
    // What a closing connection still delivers is up to the system: at most what the server wrote, and never the same bytes twice.
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThanOrEqual(100_000);
    expect(second).toBeGreaterThan(first!);
    expect(second).toBeLessThanOrEqual(first! + 50_000);
    expect(more).toEqual([]);
    expect(temporaries()).toEqual([]);
  });

  it("a cut, and a server that does no ranges: from the start", async () => {
    server.faults.set("model.safetensors", [{ cutAfter: 100_000 }, { noRanges: true }]);
    expect(same(weights, await hub().read("model.safetensors"))).toBe(true);
  });

  it("a cut, and the file has changed meanwhile: from the start", async () => {
    server.faults.set("model.safetensors", [{ cutAfter: 100_000, etag: '"old"' }]);
    expect(same(weights, await hub().read("model.safetensors"))).toBe(true);
    expect(server.asked().slice(-2)).toEqual(["GET model.safetensors", "GET model.safetensors"]);
  });

  it.each(["EROFS", "EACCES", "ENOENT"])("a cache that cannot be written to: %s", async (code) => {
    const mkdir = vi.spyOn(fs, "mkdirSync").mockImplementation(() => {
      throw Object.assign(new Error(code), { code });
    });
    const error = await failure(hub().read("config.json"));
    mkdir.mockRestore();
    expect(error).toBeInstanceOf(DownloadError);
    expect(error.message).toMatch(/cannot be kept in the cache: .* cannot be written to/);
    expect(error.message).toContain(`(${code}); use another folder`);
  });

  it("a cache that can only be read serves what it has, and what the Hub does not", async () => {
    await hub().read("config.json");
    for (const name of ["mkdirSync", "writeFileSync", "renameSync", "symlinkSync", "rmSync"] as const) {
      vi.spyOn(fs, name).mockImplementation((): never => {
        throw Object.assign(new Error("EROFS"), { code: "EROFS" });
      });
    }
    expect(await hub().read("config.json")).toHaveLength(config.length);
    expect(await hub().readIfPresent("modules.json")).toBeUndefined();
    vi.restoreAllMocks(); // afterEach cleans up
  });

  const forbids = (...names: ("symlinkSync" | "linkSync")[]) => {
    for (const name of names)
      vi.spyOn(fs, name).mockImplementation(() => {
        throw Object.assign(new Error("EPERM"), { code: "EPERM" });
      });
  };
  it.each([
    ["symbolic links (Windows): the file itself, not a copy", ["symlinkSync"], 2],
    ["any links (some network drives): copies", ["symlinkSync", "linkSync"], 1],
  ] as const)("a disk without %s", async (_, forbidden, names) => {
    forbids(...forbidden);
    await Promise.all(["config.json", "1_Pooling/config.json", "model.safetensors"].map((name) => hub().read(name)));
    const state = fs.lstatSync(join(root, folder, "snapshots", commit(), "model.safetensors"));
    expect([state.isFile(), state.nlink]).toEqual([true, names]);
    new HubCache(root, id).link(commit(), "model.safetensors", basename(blobOf("model.safetensors"))); // another process was as quick
    await server.stop();
    expect(same(weights, await hub().read("model.safetensors"))).toBe(true);
    expect(temporaries()).toEqual([]);
    await restart();
  });

  it("a runtime that forbids links, fsync and futimes (Deno's and Node's permissions)", async () => {
    vi.spyOn(fs, "symlinkSync").mockImplementation(() => {
      throw Object.assign(new Error("needs unscoped --allow-write"), { name: "NotCapable" });
    });
    const open = fs.promises.open;
    vi.spyOn(fs.promises, "open").mockImplementation(async (...args) => {
      const handle = await open(...args);
      const denied = () => Object.assign(new Error("API is disabled"), { code: "ERR_ACCESS_DENIED" });
      for (const name of ["sync", "utimes"] as const) vi.spyOn(handle, name).mockRejectedValue(denied());
      return handle;
    });
    expect(same(weights, await hub().read("model.safetensors"))).toBe(true);
    vi.spyOn(fs, "mkdirSync").mockImplementation(() => {
      throw Object.assign(new Error("run again with the --allow-write flag"), { name: "NotCapable" });
    });
    const error = await failure(hub().read("config.json"));
    expect(error).toBeInstanceOf(DownloadError);
    expect(error.message).toMatch(/cannot be written to \(run again with the --allow-write flag\)/);
    vi.restoreAllMocks(); // afterEach cleans up
  });

  it("silence counts as a cut", async () => {
    server.faults.set("model.safetensors", [{ silentAfter: 200_000 }]);
    expect(same(weights, await hub({ silenceMs: 2000 }).read("model.safetensors"))).toBe(true);
    expect(server.asked()).toContain("GET model.safetensors bytes=200000-");
  });

  it("silence without end is an error, and leaves nothing", async () => {
    server.faults.set("model.safetensors", Array(9).fill({ silentAfter: 0 }));
    await expect(hub({ silenceMs: 1000 }).read("model.safetensors")).rejects.toThrow(/nothing came for 1 s/);
    expect(temporaries()).toEqual([]);
  });

  it("a slow connection that goes on is not cut off", async () => {
    server.faults.set("model.safetensors", [{ slow: 120 }]); // 19 pieces: longer than the silence allowed
    expect(same(weights, await hub({ silenceMs: 2000 }).read("model.safetensors"))).toBe(true);
    expect(server.asked().filter((asked) => asked.includes("bytes="))).toEqual([]);
  });

  it("wrong bytes are fetched once more", async () => {
    server.faults.set("model.safetensors", [{ instead: new Uint8Array(weights.length) }]);
    expect(same(weights, await hub().read("model.safetensors"))).toBe(true);
  });

  it("wrong bytes twice are an error with both hashes, and nothing is kept", async () => {
    const instead = new Uint8Array(weights.length);
    server.faults.set("model.safetensors", [{ instead }, { instead }]);
    const error = await failure(hub().read("model.safetensors"));
    expect(error.message).toMatch(/arrived damaged: expected the hash [0-9a-f]{64}, found [0-9a-f]{64}/);
    expect(tree().filter((path) => path.includes("blobs"))).toEqual([]);
  });

  it.each([
    ["longer", new Uint8Array(weights.length + 1)],
    ["shorter", new Uint8Array(10)],
  ])("%s than announced", async (_, instead) => {
    server.faults.set("model.safetensors", Array(9).fill({ instead }));
    await expect(hub().read("model.safetensors")).rejects.toThrow(DownloadError);
    expect(tree().filter((path) => path.includes("blobs"))).toEqual([]);
  });

  it("a page of a proxy instead of the file", async () => {
    const page = `<!DOCTYPE html><title>Log in</title>${" ".repeat(300_000)}`.slice(0, weights.length);
    server.faults.set("model.safetensors", Array(4).fill({ instead: new TextEncoder().encode(page) }));
    await expect(hub().read("model.safetensors")).rejects.toThrow(/arrived as an HTML page/);
  });

  it("a pointer that is the file in the repository", async () => {
    server.add("org/pointer", { "vocab.txt": "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n" });
    const error = await failure(hub({ id: "org/pointer" }).read("vocab.txt"));
    expect(error).toBeInstanceOf(FormatError);
    expect(error.message).toMatch(/vocab.txt of org\/pointer is a Git LFS pointer/);
  });

  it.each([
    ["ENOSPC", /disk of .* is full; make room/],
    ["EACCES", /cannot be written to \(EACCES\)/],
  ])("%s", async (code, message) => {
    const open = fs.promises.open;
    vi.spyOn(fs.promises, "open").mockImplementation(async (...args) => {
      const handle = await open(...args);
      vi.spyOn(handle, "write").mockRejectedValue(Object.assign(new Error(code), { code }));
      return handle;
    });
    const error = await failure(hub().read("model.safetensors"));
    expect(error).toBeInstanceOf(DownloadError);
    expect(error.message).toMatch(message);
    expect(temporaries()).toEqual([]);
  });

  it.each(["x-repo-commit", "etag"])("a server that is no Hub: no %s", async (header) => {
    const plain = globalThis.fetch;
    vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
      const response = await plain(input, init);
      const headers = new Headers(response.headers);
      headers.delete(header);
      return new Response(null, { status: response.status, headers });
    });
    await expect(hub().read("config.json")).rejects.toThrow(/is HF_ENDPOINT the address of a Hub/);
  });

  it.each(["../../evil", "a/b", "..", ""])("an ETag that is no file name: %j", async (etag) => {
    const plain = globalThis.fetch;
    vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
      const response = await plain(input, init);
      return new Response(null, { status: response.status, headers: { ...Object.fromEntries(response.headers), etag: `"${etag}"` } });
    });
    await expect(hub().read("config.json")).rejects.toThrow(DownloadError);
    expect(tree().filter((path) => !path.includes("refs"))).toEqual([]);
  });
});

describe("abort", () => {
  it("in the middle of a file: at once, with the reason, nothing left behind", async () => {
    server.faults.set("model.safetensors", [{ silentAfter: 100_000 }]);
    const controller = new AbortController();
    const reading = hub({
      signal: controller.signal,
      onProgress: ({ loaded }) => {
        if (loaded >= 100_000) controller.abort(new Error("enough"));
      },
    }).read("model.safetensors");
    await expect(reading).rejects.toThrow("enough");
    expect(temporaries()).toEqual([]);
    await vi.waitFor(() => expect(server.dropped).toBe(1), 10_000);
  });

  it.each(["before", "while asking", "in a pause"])("%s", async (when) => {
    const controller = new AbortController();
    if (when === "before") controller.abort();
    else setTimeout(() => controller.abort(), 30);
    if (when === "while asking") {
      vi.spyOn(globalThis, "fetch").mockImplementation(
        (_, init) => new Promise((_resolve, reject) => init?.signal?.addEventListener("abort", () => reject(init.signal?.reason))),
      );
    } else if (when === "in a pause") server.faults.set("config.json", [{ cutAfter: 0 }]);
    const slow = new HubFiles({
      repository: { endpoint: server.endpoint, id, token: undefined },
      revision: "main",
      root,
      offline: false,
      progress: new DownloadProgress(undefined),
      signal: undefined,
      network: { attempts: 3, backOffMs: 60_000, silenceMs: 60_000 },
    });
    const started = Date.now();
    await expect(slow.read("config.json", controller.signal)).rejects.toThrow(/abort/i);
    expect(Date.now() - started).toBeLessThan(5000);
    expect(temporaries()).toEqual([]);
  });

  it("at any moment leaves no temporary file, and the next call works", async () => {
    for (let ms = 0; ms < 45; ms += 3) {
      server.faults.set("model.safetensors", [{ slow: 1 }]); // about 20 ms; asking, linking and writing before and after
      const signal = AbortSignal.timeout(ms);
      const files = hub({ signal });
      await Promise.all(
        ["config.json", "model.safetensors"].map((name) => files.read(name).catch(() => expect(signal.aborted).toBe(true))),
      );
      expect(temporaries()).toEqual([]);
      server.faults.clear();
      expect(same(weights, await hub().read("model.safetensors"))).toBe(true);
      fs.rmSync(join(root, folder), { recursive: true });
    }
  });

  it("of one of two who wait leaves the other's download alone", async () => {
    server.faults.set("model.safetensors", [{ slow: 10 }]);
    const controller = new AbortController();
    const first = hub().read("model.safetensors", controller.signal);
    const second = hub().read("model.safetensors");
    setTimeout(() => controller.abort(new Error("mine")), 60);
    await expect(first).rejects.toThrow("mine");
    expect(same(weights, await second)).toBe(true);
    expect(server.asked().filter((asked) => asked.startsWith("GET") && !asked.includes("bytes"))).toHaveLength(2); // the redirect, and the bytes once
  });

  it("of two who wait, by one signal, ends the download", async () => {
    server.faults.set("model.safetensors", [{ silentAfter: 100_000 }]);
    const controller = new AbortController();
    const onProgress = ({ loaded }: Progress) => loaded > 0 && controller.abort(new Error("enough"));
    const both = [1, 2].map(() => hub({ onProgress }).read("model.safetensors", controller.signal));
    for (const reading of both) await expect(reading).rejects.toThrow("enough");
    await vi.waitFor(() => expect(server.dropped).toBe(1), 10_000);
    expect(temporaries()).toEqual([]);
  });

  it("by the second of two, as it joins and hears how far the first has come, ends the download", async () => {
    server.faults.set("model.safetensors", [{ silentAfter: 100_000 }]);
    const controller = new AbortController();
    const read = (onProgress: () => void) => hub({ onProgress }).read("model.safetensors", controller.signal);
    const both: Promise<unknown>[] = [];
    await new Promise<void>((begun) => both.push(read(begun)));
    both.push(read(() => controller.abort(new Error("enough"))));
    for (const { message } of await Promise.all(both.map(failure))) expect(message).toBe("enough");
    expect(temporaries()).toEqual([]);
  });

  it("and a new start right after works", async () => {
    server.faults.set("model.safetensors", [{ silentAfter: 1000 }]);
    const controller = new AbortController();
    const onProgress = ({ loaded }: Progress) => loaded > 0 && controller.abort(new Error("mine"));
    await expect(hub({ onProgress }).read("model.safetensors", controller.signal)).rejects.toThrow("mine");
    expect(same(weights, await hub().read("model.safetensors"))).toBe(true);
  });
});
