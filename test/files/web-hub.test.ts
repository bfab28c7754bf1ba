/** The Hub where there is no file system: a Cache API made of a Map stands in for the browser's. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DownloadError } from "../../src/errors.ts";
import { openModelFiles } from "../../src/files/open.ts";
import { DownloadProgress } from "../../src/files/progress.ts";
import { WebHubFiles } from "../../src/files/web-hub-files.ts";
import { HubServer } from "./hub-server.ts";

const id = "org/model";
const weights = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 31) & 255);

let server: HubServer;
let stored: Map<string, Response>;
let full: boolean;
beforeEach(async () => {
  server = await HubServer.start();
  server.add(id, { "config.json": "{}", "1_Pooling/config.json": "[]", "model.safetensors": weights });
  stored = new Map();
  full = false;
  const cache = {
    match: async (url: string) => stored.get(url)?.clone(),
    put: async (url: string, response: Response) => {
      if (full) throw new DOMException("full", "QuotaExceededError");
      const { headers, status } = response;
      stored.set(url, new Response(await response.blob(), { headers, status }));
    },
  };
  vi.stubGlobal("caches", { open: async () => cache });
});
afterEach(async () => {
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  await server.stop();
});

const open = (offline = false, name = id, revision = "main") =>
  new WebHubFiles({
    repository: { endpoint: server.endpoint, id: name, token: undefined },
    revision,
    cacheName: "test",
    offline,
    progress: new DownloadProgress(undefined),
    signal: undefined,
    network: { attempts: 3, backOffMs: 5, silenceMs: 10_000 },
  });

describe("the Cache API", () => {
  it("keeps files, and reads them by ranges", async () => {
    for (let round = 0; round < 2; round++) {
      const files = open(round === 1);
      expect(await files.subfolder("1_Pooling").read("config.json")).toHaveLength(2);
      const source = await files.open("model.safetensors");
      expect(source.size).toBe(weights.length);
      expect(await source.read(50, 60)).toEqual(weights.slice(50, 60));
      expect((await (await source.sibling?.("config.json"))?.read(0, 2))?.length).toBe(2);
    }
    expect(server.asked()).toEqual(["GET 1_Pooling/config.json", "GET model.safetensors", "GET model.safetensors", "GET config.json"]);
  });

  it("works without room, and without caches at all", async () => {
    full = true;
    expect(await open().read("config.json")).toHaveLength(2);
    vi.stubGlobal("caches", undefined);
    expect(await open().read("config.json")).toHaveLength(2);
    expect(stored.size).toBe(0);
  });

  it("tells absent from refused", async () => {
    expect(await open().readIfPresent("modules.json")).toBeUndefined();
    await expect(open().read("modules.json")).rejects.toThrow(/The model org\/model has no file modules.json/);
    await expect(open(false, "org/nothing").readIfPresent("modules.json")).rejects.toThrow(/answered 401; check the id/);
    await expect(open(true).read("config.json")).rejects.toThrow(DownloadError);
  });

  it("keeps to the commit of the first answer when the branch moves on", async () => {
    const page = open();
    await page.read("config.json");
    const { commit: old } = server.repositories.get(id)!;
    const moved = server.add(id, { "config.json": "[1]", "model.safetensors": new Uint8Array(3) }, { commit: "f".repeat(40) });
    for (const files of [page, open()]) await expect(files.read("model.safetensors")).rejects.toThrow(/revision/); // the server forgot the old commit
    moved.commit = old;
    moved.files.set("model.safetensors", weights);
    expect(Buffer.compare(await open().read("model.safetensors"), weights)).toBe(0);
    expect(new TextDecoder().decode(await open().read("config.json"))).toBe("{}");
    expect(new TextDecoder().decode(await open(false, id, moved.commit).read("config.json"))).toBe("{}"); // the same entry
  });

  it("many first questions wait for the commit", async () => {
    const files = open();
    server.faults.set("config.json", [{ slow: 30 }]);
    await Promise.all([files.read("config.json"), files.readIfPresent("modules.json"), files.subfolder("1_Pooling").read("config.json")]);
    expect(server.seen.filter(({ revision }) => revision === "main")).toHaveLength(1);
    const { commit } = server.repositories.get(id)!;
    expect([...stored.keys()].filter((url) => !url.includes(commit))).toEqual([`${server.endpoint}/${id}/refs/main`]);
  });

  it("offline a model that was loaded loads again, without its optional files", async () => {
    const load = async (files: WebHubFiles) => {
      expect(await files.readIfPresent("modules.json")).toBeUndefined();
      expect(await files.read("config.json")).toHaveLength(2);
    };
    await load(open());
    server.asked();
    await load(open());
    expect(await open(true).readIfPresent("never_asked_for.json")).toBeUndefined();
    await load(open(true));
    expect(server.asked()).toEqual([]);
    await expect(open(true, "org/nothing").readIfPresent("modules.json")).rejects.toThrow(/is not in the cache/);
  });

  it("a Hub that hides its commit from pages", async () => {
    const plain = globalThis.fetch;
    vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
      const response = await plain(input, init);
      const headers = new Headers(response.headers);
      headers.delete("x-repo-commit");
      return new Response(response.body, { status: response.status, headers });
    });
    expect(await open().read("config.json")).toHaveLength(2);
    expect(await open().readIfPresent("modules.json")).toBeUndefined();
    expect([...stored.keys()]).toEqual([`${server.endpoint}/${id}/resolve/main/config.json`]);
    expect(await open(true).readIfPresent("modules.json")).toBeUndefined();
    expect(await open(true).read("config.json")).toHaveLength(2);
  });

  it("fetches damaged bytes once more, and gives up at the second time", async () => {
    const instead = new Uint8Array(weights.length);
    server.faults.set("model.safetensors", [{ instead }]);
    expect(Buffer.compare(await open().read("model.safetensors"), weights)).toBe(0);
    stored.clear();
    server.faults.set("model.safetensors", [{ instead }, { instead }]);
    await expect(open().read("model.safetensors")).rejects.toThrow(/arrived damaged/);
    expect(stored.size).toBe(0);
  });

  it("goes on after a cut", async () => {
    server.faults.set("model.safetensors", [{ cutAfter: 40_000 }]);
    expect(Buffer.compare(await open().read("model.safetensors"), weights)).toBe(0);
    expect(server.asked()).toContain("GET model.safetensors bytes=40000-");
  });
});

it("is what openModelFiles uses where there is no file system", async () => {
  const module = vi.spyOn(process, "getBuiltinModule").mockReturnValue(undefined);
  vi.stubEnv("HF_ENDPOINT", server.endpoint);
  const files = await openModelFiles(id, {});
  expect(files).toBeInstanceOf(WebHubFiles);
  expect(await files.read("config.json")).toHaveLength(2);
  await expect(openModelFiles("./folder", {})).rejects.toThrow(/neither a folder, nor a URL, nor a Hub id/);
  vi.stubGlobal("location", { href: "http://example.org/app/index.html" });
  expect((await openModelFiles("./models/x", {})).label).toBe("http://example.org/app/models/x");
  await expect(openModelFiles("file:///x", {})).rejects.toThrow(/cannot read folders/);
  module.mockRestore();
});
