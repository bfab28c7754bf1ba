/** The Hub and its cache on disk, against a server that imitates the Hub's answers and a network's troubles. */

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import { homedir, tmpdir } from "node:os";
import path, { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DownloadError, FormatError } from "../../src/errors.ts";
import { cacheRoot } from "../../src/files/hub-cache.ts";
import { HubFiles } from "../../src/files/hub-files.ts";
import { openModelFiles } from "../../src/files/open.ts";
import { DownloadProgress } from "../../src/files/progress.ts";
import type { Progress } from "../../src/files/types.ts";
import { etagOf, HubServer } from "./hub-server.ts";

const id = "org/model";
const config = '{"model_type":"bert"}';
const random = (size: number) => Uint8Array.from({ length: size }, (_, i) => (Math.imul(i, 2654435761) >>> 13) & 255);
const weights = random(300_000);
const large = random(2 ** 20 + 17);
/** Equal bytes, without a listing of 300,000 numbers where they are not. */
const same = (expected: Uint8Array, found: Uint8Array) => Buffer.compare(found, expected) === 0;

let server: HubServer;
let root: string;
beforeEach(async () => {
  server = await HubServer.start();
  root = fs.mkdtempSync(join(tmpdir(), "hub-"));
  server.add(id, { "config.json": config, "1_Pooling/config.json": "{}", "model.safetensors": weights, "large.safetensors": large });
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await server.stop();
  fs.rmSync(root, { recursive: true, force: true });
});

const quick = { attempts: 3, backOffMs: 5, silenceMs: 1000 }; // silence well above what a busy machine causes by itself

interface Options {
  token?: string;
  revision?: string;
  offline?: boolean;
  signal?: AbortSignal;
  onProgress?: (event: Progress) => void;
  id?: string;
}
function hub(options: Options = {}): HubFiles {
  return new HubFiles({
    repository: { endpoint: server.endpoint, id: options.id ?? id, token: options.token },
    revision: options.revision ?? "main",
    root,
    offline: options.offline ?? false,
    progress: new DownloadProgress(options.onProgress),
    signal: options.signal,
    network: quick,
  });
}

/** Every path below the cache's root, folders left out. */
function tree(): string[] {
  return fs
    .readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}
const temporaries = () => tree().filter((path) => path.includes("incomplete"));
const folder = "models--org--model";
const commit = () => server.repositories.get(id)?.commit as string;
const blobOf = (name: string) => join(root, folder, "blobs", etagOf(name, server.repositories.get(id)?.files.get(name) as Uint8Array));

async function failure(run: Promise<unknown>): Promise<Error> {
  return run.then(
    () => {
      throw new Error("expected an error");
    },
    (error) => error,
  );
}

describe("the cache", () => {
  it("has huggingface_hub's layout", async () => {
    const files = hub();
    expect(new TextDecoder().decode(await files.read("config.json"))).toBe(config);
    expect(await files.subfolder("1_Pooling").read("config.json")).toEqual(new TextEncoder().encode("{}"));
    expect(same(weights, await files.read("model.safetensors"))).toBe(true);
    expect(await files.readIfPresent("modules.json")).toBeUndefined();
    const sha1 = createHash("sha1").update(`blob ${config.length}\0${config}`).digest("hex");
    const empty = createHash("sha1").update("blob 2\0{}").digest("hex");
    const sha256 = createHash("sha256").update(weights).digest("hex");
    const snapshot = `${folder}/snapshots/${commit()}`;
    expect(tree()).toEqual(
      [
        `${folder}/.no_exist/${commit()}/modules.json`,
        `${folder}/blobs/${sha1}`,
        `${folder}/blobs/${empty}`,
        `${folder}/blobs/${sha256}`,
        `${folder}/refs/main`,
        `${snapshot}/1_Pooling/config.json`,
        `${snapshot}/config.json`,
        `${snapshot}/model.safetensors`,
      ].sort(),
    );
    expect(fs.readFileSync(join(root, folder, "refs/main"), "utf8")).toBe(commit());
    expect(fs.readlinkSync(join(root, snapshot, "config.json"))).toBe(`../../blobs/${sha1}`);
    expect(fs.readlinkSync(join(root, snapshot, "1_Pooling/config.json"))).toBe(`../../../blobs/${empty}`);
  });

  it("is used without a question, absent files included", async () => {
    for (let round = 0; round < 2; round++) {
      const files = hub();
      expect(await files.readIfPresent("modules.json")).toBeUndefined();
      expect(await files.read("config.json")).toHaveLength(config.length);
      const source = await files.open("model.safetensors");
      expect(await source.read(5, 9)).toEqual(weights.slice(5, 9));
      source.close?.();
      if (round === 0)
        expect(server.asked()).toEqual([
          "HEAD modules.json",
          "HEAD config.json",
          "GET config.json",
          "HEAD model.safetensors",
          "GET model.safetensors",
          "GET model.safetensors",
        ]);
      else expect(server.asked()).toEqual([]);
    }
  });

  it("written by Python works with no network at all, with and without its links", async () => {
    const snapshot = join(root, folder, "snapshots", commit());
    fs.mkdirSync(join(root, folder, "refs"), { recursive: true });
    fs.mkdirSync(join(root, folder, "blobs"), { recursive: true });
    fs.mkdirSync(snapshot, { recursive: true });
    fs.writeFileSync(join(root, folder, "refs/main"), commit());
    fs.writeFileSync(blobOf("model.safetensors"), weights);
    fs.symlinkSync(`../../blobs/${etagOf("model.safetensors", weights)}`, join(snapshot, "model.safetensors"));
    fs.writeFileSync(join(snapshot, "config.json"), config); // as on Windows
    await server.stop();
    const files = hub();
    expect(await files.readIfPresent("modules.json")).toBeUndefined(); // the model is all there: this is no reason to fail
    expect(same(weights, await files.read("model.safetensors"))).toBe(true);
    expect(new TextDecoder().decode(await files.read("config.json"))).toBe(config);
    const error = await failure(files.read("tokenizer.json"));
    expect(error).toBeInstanceOf(DownloadError);
    expect(error.message).toMatch(/tokenizer.json of org\/model is not in the cache, and no answer from 127.0.0.1:\d+ \(ECONNREFUSED\)/);
    server = await HubServer.start();
  });

  it("half a model is not taken for whole where there is no network", async () => {
    await hub().read("config.json");
    await server.stop();
    await expect(hub().readIfPresent("modules.json")).rejects.toThrow(DownloadError);
    server = await HubServer.start();
  });

  it("keeps to its commit when the branch moves on", async () => {
    await hub().read("config.json");
    const old = commit();
    const moved = server.add(id, { "config.json": "{}", "model.safetensors": weights }, { commit: "f".repeat(40) });
    await expect(hub().read("model.safetensors")).rejects.toThrow(/revision/); // this server has forgotten the old commit
    moved.commit = old;
    expect(same(weights, await hub().read("model.safetensors"))).toBe(true);
    expect(new TextDecoder().decode(await hub().read("config.json"))).toBe(config);
  });

  it("takes a commit, and a revision with slashes", async () => {
    await hub({ revision: commit() }).read("config.json");
    expect(tree().some((path) => path.includes("refs/"))).toBe(false);
    await hub({ revision: "refs/pr/1" }).read("config.json");
    expect(fs.readFileSync(join(root, folder, "refs/refs/pr/1"), "utf8")).toBe(commit());
    expect(server.asked().filter((asked) => asked.startsWith("GET"))).toEqual(["GET config.json"]); // one blob, two names
  });

  it("follows a renamed repository", async () => {
    server.add("old-name", {}, { renamedTo: id });
    expect(same(weights, await hub({ id: "old-name" }).read("model.safetensors"))).toBe(true);
  });
});

describe("corrupt files in the cache are found and fetched again, once", () => {
  it("a small file, even with its old time", async () => {
    const files = hub();
    await files.read("config.json");
    const blob = blobOf("config.json");
    fs.writeFileSync(blob, config.replace("bert", "Bert"));
    fs.utimesSync(blob, new Date(0), new Date(0));
    server.asked();
    expect(new TextDecoder().decode(await files.read("config.json"))).toBe(config);
    expect(server.asked()).toEqual(["HEAD config.json", "GET config.json"]);
    await files.read("config.json");
    expect(server.asked()).toEqual([]);
  });

  it.each(["cut", "changed"])("a large file that was %s", async (how) => {
    await hub().read("large.safetensors");
    const blob = blobOf("large.safetensors");
    if (how === "cut") fs.truncateSync(blob, 1000);
    else fs.writeFileSync(blob, new Uint8Array(large.length));
    server.asked();
    expect(same(large, await hub().read("large.safetensors"))).toBe(true);
    expect(server.asked().filter((asked) => asked.startsWith("HEAD"))).toEqual(["HEAD large.safetensors"]);
    expect(same(large, fs.readFileSync(blob))).toBe(true);
  });

  it("offline it is an error that says so", async () => {
    await hub().read("config.json");
    fs.writeFileSync(blobOf("config.json"), "{}");
    await expect(hub({ offline: true }).read("config.json")).rejects.toThrow(/corrupt in the cache.*go online once/);
  });
});

describe("refusals name the id and what to check", () => {
  it.each<[string, Options, string, RegExp]>([
    [
      "no such repository",
      { id: "org/nothing" },
      "config.json",
      /org\/nothing could not be fetched: 127.*answered 401; check the id; if the model is private, give a token/,
    ],
    [
      "no such repository, with a token",
      { id: "org/nothing", token: "hf_secret" },
      "config.json",
      /answered 404; check the id: organisation\/name/,
    ],
    ["a private one without a token", { id: "org/private" }, "config.json", /answered 401.*give a token \(option token or HF_TOKEN\)/],
    ["a wrong token", { id: "org/private", token: "wrong" }, "config.json", /answered 401; check the id, and that the token is valid/],
    [
      "a gated one",
      { id: "org/gated", token: "hf_secret" },
      "config.json",
      /answered 403; access is granted by hand: ask for it on the model's page/,
    ],
    ["no such revision", { revision: "v9" }, "config.json", /there is no revision "v9"/],
    ["no such file", {}, "tokenizer.json", /The model org\/model has no file tokenizer.json/],
  ])("%s", async (_, options, name, message) => {
    server.add("org/private", { "config.json": config }, { access: "private" });
    server.add("org/gated", { "config.json": config }, { access: "gated" });
    const error = await failure(hub(options).read(name));
    expect(error).toBeInstanceOf(DownloadError);
    expect(error.message).toMatch(message);
    expect(tree().filter((path) => path.includes("blobs"))).toEqual([]);
    if (name === "config.json") await expect(hub(options).readIfPresent(name)).rejects.toThrow(DownloadError);
  });

  it("a token opens a private model, and never leaves for another host", async () => {
    server.add("org/private", { "config.json": config, "model.safetensors": weights }, { access: "private" });
    const files = hub({ id: "org/private", token: server.token });
    await files.read("config.json");
    expect(same(weights, await files.read("model.safetensors"))).toBe(true);
    const authorized = server.seen.map(({ origin, authorization }) => [origin, authorization !== undefined]);
    expect(authorized).toContainEqual(["storage", false]);
    for (const [origin, sent] of authorized) expect(sent).toBe(origin === "hub");
  });

  it("offline with nothing cached", async () => {
    const error = await failure(hub({ offline: true }).readIfPresent("config.json"));
    expect(error).toBeInstanceOf(DownloadError);
    expect(error.message).toMatch(/The model org\/model is not in the cache \(.*\), and downloads are off .*load it once online/);
    expect(server.asked()).toEqual([]);
  });

  it("offline with a part: optional files are absent, others an error", async () => {
    await hub().read("config.json");
    const files = hub({ offline: true });
    expect(await files.readIfPresent("modules.json")).toBeUndefined();
    await expect(files.read("model.safetensors")).rejects.toThrow(/model.safetensors of org\/model is not in the cache/);
  });
});

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

  it("a cache that cannot be written to", async () => {
    const mkdir = vi.spyOn(fs, "mkdirSync").mockImplementation(() => {
      throw Object.assign(new Error("EROFS"), { code: "EROFS" });
    });
    const error = await failure(hub().read("config.json"));
    mkdir.mockRestore();
    expect(error).toBeInstanceOf(DownloadError);
    expect(error.message).toMatch(/cannot be kept in the cache: .* cannot be written to \(EROFS\); use another folder/);
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

  it("a disk without links (Windows, some network drives): copies", async () => {
    vi.spyOn(fs, "symlinkSync").mockImplementation(() => {
      throw Object.assign(new Error("EPERM"), { code: "EPERM" });
    });
    await Promise.all(["config.json", "1_Pooling/config.json", "model.safetensors"].map((name) => hub().read(name)));
    expect(fs.lstatSync(join(root, folder, "snapshots", commit(), "model.safetensors")).isFile()).toBe(true);
    await server.stop();
    expect(same(weights, await hub().read("model.safetensors"))).toBe(true);
    expect(temporaries()).toEqual([]);
    server = await HubServer.start();
  });

  it("silence counts as a cut", async () => {
    server.faults.set("model.safetensors", [{ silentAfter: 200_000 }]);
    expect(same(weights, await hub().read("model.safetensors"))).toBe(true);
    expect(server.asked()).toContain("GET model.safetensors bytes=200000-");
  });

  it("silence without end is an error, and leaves nothing", async () => {
    server.faults.set("model.safetensors", Array(9).fill({ silentAfter: 0 }));
    await expect(hub().read("model.safetensors")).rejects.toThrow(/nothing came for 1 s/);
    expect(temporaries()).toEqual([]);
  });

  it("a slow connection that goes on is not cut off", async () => {
    server.faults.set("model.safetensors", [{ slow: 60 }]); // 19 pieces: longer than the silence allowed
    expect(same(weights, await hub().read("model.safetensors"))).toBe(true);
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
    await vi.waitFor(() => expect(server.dropped).toBe(1));
  });

  it.each(["before", "while asking", "in a pause"])("%s", async (when) => {
    const controller = new AbortController();
    if (when === "before") controller.abort();
    else setTimeout(() => controller.abort(), 30);
    if (when === "while asking") {
      vi.spyOn(globalThis, "fetch").mockImplementation(
        (_, init) => new Promise((_resolve, reject) => init?.signal?.addEventListener("abort", () => reject(init.signal?.reason))),
      );
    } else if (when === "in a pause") server.headFaults.set("config.json", Array(3).fill({ status: 503 }));
    const slow = new HubFiles({
      repository: { endpoint: server.endpoint, id, token: undefined },
      revision: "main",
      root,
      offline: false,
      progress: new DownloadProgress(undefined),
      signal: undefined,
      network: { attempts: 3, backOffMs: 60_000, silenceMs: 60_000 },
    });
    if (when === "in a pause") server.headFaults.clear();
    if (when === "in a pause") server.faults.set("config.json", [{ cutAfter: 0 }]);
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
    const both = [1, 2].map(() => hub().read("model.safetensors", controller.signal));
    setTimeout(() => controller.abort(new Error("enough")), 60);
    for (const reading of both) await expect(reading).rejects.toThrow("enough");
    await vi.waitFor(() => expect(server.dropped).toBe(1));
    expect(temporaries()).toEqual([]);
  });

  it("and a new start right after works", async () => {
    server.faults.set("model.safetensors", [{ silentAfter: 1000 }]);
    const controller = new AbortController();
    const first = hub().read("model.safetensors", controller.signal);
    setTimeout(() => controller.abort(new Error("mine")), 60);
    await expect(first).rejects.toThrow("mine");
    expect(same(weights, await hub().read("model.safetensors"))).toBe(true);
  });
});

describe("what was left unfinished", () => {
  const firstBytes = () => server.asked().flatMap((line) => /^GET .* bytes=(\d+)-$/.exec(line)?.[1] ?? []);
  /** As many bytes as a process that was killed had written. */
  const leave = (bytes: Uint8Array) => {
    fs.mkdirSync(join(root, folder, "blobs"), { recursive: true });
    const path = `${blobOf("large.safetensors")}.0123456789ab.incomplete`;
    fs.writeFileSync(path, bytes);
    return path;
  };

  it("by a connection that was lost is where the next call goes on", async () => {
    server.faults.set("large.safetensors", [{ cutAfter: 600_000 }, ...Array(3).fill({ cutAfter: 0 })]);
    await expect(hub().read("large.safetensors")).rejects.toThrow(DownloadError);
    const [path] = temporaries();
    const got = fs.statSync(join(root, path!)).size;
    expect(got).toBeGreaterThan(0);
    server.asked();
    const events: Progress[] = [];
    expect(same(large, await hub({ onProgress: (event) => events.push(event) }).read("large.safetensors"))).toBe(true);
    expect(new Set(firstBytes())).toEqual(new Set([String(got)]));
    expect(events[0]!.loaded).toBe(got);
    expect(temporaries()).toEqual([]);
  });

  it("by a process that was killed, too", async () => {
    server.faults.set("large.safetensors", [{ slow: 10 }]);
    const program = `
      import { HubFiles } from ${JSON.stringify(new URL("../../src/files/hub-files.ts", import.meta.url).href)};
      import { DownloadProgress } from ${JSON.stringify(new URL("../../src/files/progress.ts", import.meta.url).href)};
      const repository = { endpoint: ${JSON.stringify(server.endpoint)}, id: ${JSON.stringify(id)}, token: undefined };
      const progress = new DownloadProgress(({ loaded }) => loaded > 200_000 && process.kill(process.pid, "SIGKILL"));
      await new HubFiles({ repository, revision: "main", root: ${JSON.stringify(root)}, offline: false, progress }).read("large.safetensors");`;
    const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program], { stdio: "inherit" });
    const signal = await new Promise((resolve) => child.once("close", (_, signal) => resolve(signal)));
    expect(signal).toBe("SIGKILL");
    expect(temporaries()).toHaveLength(1);
    server.asked();
    expect(same(large, await hub().read("large.safetensors"))).toBe(true);
    expect(Number(firstBytes()[0])).toBeGreaterThan(100_000);
    expect(temporaries()).toEqual([]);
  });

  it("by everything but the last step is only checked", async () => {
    leave(large);
    expect(same(large, await hub().read("large.safetensors"))).toBe(true);
    expect(server.asked()).toEqual(["HEAD large.safetensors"]);
    expect(temporaries()).toEqual([]);
  });

  it.each([
    ["wrong", new Uint8Array(1000)],
    ["too long", new Uint8Array(large.length + 1)],
    ["empty", new Uint8Array(0)],
  ])("and is %s does no harm", async (_, bytes) => {
    leave(bytes);
    expect(same(large, await hub().read("large.safetensors"))).toBe(true);
    expect(same(large, fs.readFileSync(blobOf("large.safetensors")))).toBe(true);
    expect(temporaries()).toEqual([]);
  });

  it("long ago goes with an abort; what another process may be writing stays", async () => {
    const path = leave(large.subarray(0, 1000));
    for (const isOld of [false, true]) {
      if (isOld) fs.utimesSync(path, new Date(0), new Date(0));
      const controller = new AbortController();
      server.faults.set("large.safetensors", [{ silentAfter: 1000 }]);
      const onProgress = () => controller.abort(new Error("enough"));
      await expect(hub({ signal: controller.signal, onProgress }).read("large.safetensors")).rejects.toThrow("enough");
      expect(temporaries()).toHaveLength(isOld ? 0 : 1);
    }
  });

  it("by somebody who is still at work on it: both get their file", async () => {
    vi.resetModules();
    const other: typeof import("../../src/files/hub-files.ts") = await import("../../src/files/hub-files.ts");
    server.faults.set("large.safetensors", [{ slow: 3 }, { slow: 1 }]);
    const options = { repository: { endpoint: server.endpoint, id, token: undefined }, revision: "main", root, offline: false };
    const open = (Files: typeof HubFiles) =>
      new Files({ ...options, progress: new DownloadProgress(undefined), signal: undefined, network: quick }).read("large.safetensors");
    const first = open(HubFiles);
    await vi.waitFor(() => expect(fs.statSync(join(root, temporaries()[0]!)).size).toBeGreaterThan(100_000));
    const both = [first, open(other.HubFiles)];
    for (const reading of both) expect(same(large, await reading)).toBe(true);
    expect(Number(firstBytes()[0])).toBeGreaterThan(0);
    expect(same(large, fs.readFileSync(blobOf("large.safetensors")))).toBe(true);
    expect(temporaries()).toEqual([]);
  });
});

describe("several at once", () => {
  it("one download for all who want a file", async () => {
    server.faults.set("model.safetensors", [{ slow: 5 }]);
    const all = await Promise.all(Array.from({ length: 5 }, () => hub().read("model.safetensors")));
    for (const bytes of all) expect(same(weights, bytes)).toBe(true);
    expect(server.asked()).toEqual(["HEAD model.safetensors", "GET model.safetensors", "GET model.safetensors"]);
  });

  it("two processes that know nothing of each other: both are served, nothing is left over", async () => {
    vi.resetModules();
    const other: typeof import("../../src/files/hub-files.ts") = await import("../../src/files/hub-files.ts");
    expect(other.HubFiles).not.toBe(HubFiles);
    server.faults.set("model.safetensors", [{ slow: 5 }, { slow: 5 }]);
    const open = (Files: typeof HubFiles) =>
      new Files({
        repository: { endpoint: server.endpoint, id, token: undefined },
        revision: "main",
        root,
        offline: false,
        progress: new DownloadProgress(undefined),
        signal: undefined,
        network: quick,
      });
    const both = await Promise.all([HubFiles, other.HubFiles].map((Files) => open(Files).read("model.safetensors")));
    for (const bytes of both) expect(same(weights, bytes)).toBe(true);
    expect(server.asked().filter((asked) => asked.startsWith("HEAD"))).toHaveLength(2);
    expect(tree()).toHaveLength(3);
  });

  it("files of one model, one commit", async () => {
    const files = hub();
    const names = ["config.json", "1_Pooling/config.json", "model.safetensors", "large.safetensors"];
    await Promise.all(names.map((name) => files.read(name)));
    expect(fs.readdirSync(join(root, folder, "snapshots"))).toEqual([commit()]);
  });

  it("progress is one, never falls, and ends at its total", async () => {
    server.faults.set("model.safetensors", [{ cutAfter: 200_000 }, { noRanges: true }]);
    const events: Progress[] = [];
    const files = hub({ onProgress: (event) => events.push(event) });
    await Promise.all(["config.json", "model.safetensors", "large.safetensors"].map((name) => files.read(name)));
    const loaded = events.map((event) => event.loaded);
    expect(loaded).toEqual([...loaded].sort((a, b) => a - b));
    for (const event of events) {
      expect(event).toMatchObject({ phase: "download", unit: "bytes" });
      if (event.total !== undefined) expect(event.total).toBeGreaterThanOrEqual(event.loaded);
    }
    const sum = config.length + weights.length + large.length;
    expect(events.at(-1)).toMatchObject({ loaded: sum, total: sum });
  });
});

describe("a progress bar", () => {
  it("has no total before the weights are known, and then one that stays", async () => {
    const events: Progress[] = [];
    const files = hub({ onProgress: (event) => events.push(event) });
    for (const name of ["config.json", "1_Pooling/config.json", "large.safetensors"]) await files.read(name);
    const known = events.findIndex((event) => event.total !== undefined);
    expect(events[known]!.file).toBe("large.safetensors");
    expect(new Set(events.slice(known).map((event) => event.total))).toEqual(new Set([config.length + 2 + large.length]));
    expect(events.at(-1)!.loaded).toBe(events.at(-1)!.total);
  });
});

describe("the environment", () => {
  it("HF_ENDPOINT, HF_HUB_CACHE and HF_TOKEN", async () => {
    server.add("org/private", { "config.json": config }, { access: "private" });
    vi.stubEnv("HF_ENDPOINT", `${server.endpoint}/`);
    vi.stubEnv("HF_HUB_CACHE", join(root, "elsewhere"));
    vi.stubEnv("HF_TOKEN", `${server.token}\n`);
    await (await openModelFiles("org/private", {})).read("config.json");
    expect(fs.existsSync(join(root, "elsewhere/models--org--private/refs/main"))).toBe(true);
  });

  it("HF_HOME has the cache and the token, HF_HUB_OFFLINE turns the network off, options come first", async () => {
    server.add("org/private", { "config.json": config }, { access: "private" });
    vi.stubEnv("HF_ENDPOINT", server.endpoint);
    vi.stubEnv("HF_HUB_CACHE", "");
    vi.stubEnv("HF_TOKEN", "");
    vi.stubEnv("HF_HOME", root);
    fs.writeFileSync(join(root, "token"), `${server.token}\n`);
    await (await openModelFiles("org/private", {})).read("config.json");
    expect(fs.existsSync(join(root, "hub/models--org--private/refs/main"))).toBe(true);
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    await (await openModelFiles("org/private", {})).read("config.json");
    await expect((await openModelFiles(id, {})).read("config.json")).rejects.toThrow(/downloads are off/);
    const files = await openModelFiles(id, { localFilesOnly: false, cacheDir: join(root, "mine"), subfolder: "1_Pooling" });
    expect(await files.read("config.json")).toHaveLength(2);
    expect(files.label).toBe("org/model/1_Pooling");
    expect(fs.existsSync(join(root, "mine/models--org--model"))).toBe(true);
  });

  it("the cache is where Python has it", () => {
    const [home, { sep }] = [homedir(), path];
    const names = ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"];
    const rootWith = (set: Record<string, string>) => {
      for (const name of names) vi.stubEnv(name, set[name] ?? "");
      return cacheRoot();
    };
    expect(rootWith({})).toBe([home, ".cache", "huggingface", "hub"].join(sep));
    expect(rootWith({ XDG_CACHE_HOME: "/x" })).toBe(path.join("/x", "huggingface", "hub"));
    expect(rootWith({ HF_HOME: "~/hf", XDG_CACHE_HOME: "/x" })).toBe(path.join(home, "hf", "hub"));
    expect(rootWith({ HF_HUB_CACHE: "/c", HF_HOME: "/h" })).toBe("/c");
    expect(cacheRoot("~/mine")).toBe(path.join(home, "mine"));
  });

  it("HF_ENDPOINT that is no address", async () => {
    vi.stubEnv("HF_ENDPOINT", "mirror");
    await expect(openModelFiles(id, {})).rejects.toThrow(/HF_ENDPOINT must be the http\(s\) address/);
  });
});
