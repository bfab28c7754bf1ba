/** The Hub and its cache on disk: what is where, what is asked for, which sentence a refusal gets, and the environment. */

import { createHash } from "node:crypto";
import fs from "node:fs";
import { homedir } from "node:os";
import path, { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { DownloadError } from "../../src/errors.ts";
import { cacheRoot } from "../../src/files/hub-cache.ts";
import { openModelFiles } from "../../src/files/open.ts";
import {
  blobOf,
  commit,
  config,
  failure,
  folder,
  hub,
  id,
  large,
  type Options,
  restart,
  root,
  same,
  server,
  tree,
  weights,
} from "./hub-fixture.ts";
import { etagOf } from "./hub-server.ts";

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
    await restart();
  });

  it("and no network is found out once, not for each optional file", async () => {
    for (const name of ["config.json", "model.safetensors"]) await hub().read(name);
    const fetching = vi.spyOn(globalThis, "fetch").mockRejectedValue(new TypeError("fetch failed"));
    const files = hub();
    for (const name of ["modules.json", "added_tokens.json", "vocab.txt"]) expect(await files.readIfPresent(name)).toBeUndefined();
    expect(fetching).toHaveBeenCalledTimes(1);
    await expect(files.read("tokenizer.json")).rejects.toThrow(/tokenizer.json of org\/model is not in the cache/);
  });

  it("half a model is not taken for whole where there is no network", async () => {
    await hub().read("config.json");
    await server.stop();
    await expect(hub().readIfPresent("modules.json")).rejects.toThrow(DownloadError);
    await restart();
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

  it("follows a mirror to the Hub itself with the token, and to nobody else", async () => {
    server.add("org/private", { "config.json": config, "model.safetensors": weights }, { access: "private" });
    vi.stubEnv("HF_ENDPOINT", server.endpoint);
    const plain = globalThis.fetch;
    let sendsTo = "https://huggingface.co";
    const asked: string[] = [];
    vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
      const url = new URL(String(input));
      if (url.origin === server.storage) return plain(input, init);
      asked.push(url.origin);
      if (url.origin === server.endpoint) return new Response(null, { status: 308, headers: { Location: sendsTo + url.pathname } });
      return plain(server.endpoint + url.pathname, init);
    });
    const read = async (name: string, cacheDir: string) =>
      (await openModelFiles("org/private", { token: server.token, cacheDir: join(root, cacheDir) })).read(name);
    expect(same(weights, await read("model.safetensors", "a"))).toBe(true);
    expect(await read("config.json", "a")).toHaveLength(config.length);
    const [mirror, itself] = [server.endpoint, "https://huggingface.co"];
    expect(asked).toEqual([mirror, itself, itself, mirror, itself, itself]);
    sendsTo = "https://stranger.example";
    await expect(read("config.json", "b")).rejects.toThrow(/is HF_ENDPOINT the address of a Hub/);
    expect(asked).not.toContain(sendsTo);
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

  it("one that Python keeps for several models in its shared store", async () => {
    await hub().read("large.safetensors");
    const blob = blobOf("large.safetensors");
    const store = join(root, "blobs/ab");
    const shared = join(store, `ab${"0".repeat(62)}`); // by its Xet hash
    fs.mkdirSync(store, { recursive: true });
    fs.renameSync(blob, shared);
    fs.symlinkSync(path.relative(path.dirname(blob), shared), blob);
    expect(same(large, await hub({ offline: true }).read("large.safetensors"))).toBe(true);
    fs.writeFileSync(shared, new Uint8Array(large.length));
    await expect(hub({ offline: true }).read("large.safetensors")).rejects.toThrow(/corrupt in the cache/);
    expect(same(large, await hub().read("large.safetensors"))).toBe(true);
    expect(fs.lstatSync(blob).isSymbolicLink()).toBe(false);
    expect(fs.readFileSync(shared)).toHaveLength(large.length); // Python's to clear: others may link to it
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
    ["no such file", {}, "tokenizer.json", /The model org\/model has no file tokenizer.json in its commit [0-9a-f]{7};/],
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
    expect(cacheRoot(null as never)).toBe("/c"); // HF_HUB_CACHE still: JavaScript's callers write null for none
    vi.stubEnv("SCRATCH", "/s");
    vi.stubEnv("UNKNOWN", undefined);
    expect(rootWith({ HF_HOME: "$SCRATCH/hf" })).toBe(path.join("/s/hf", "hub"));
    expect(rootWith({ HF_HUB_CACHE: `$\{SCRATCH}_$UNKNOWN` })).toBe("/s_$UNKNOWN");
    expect(cacheRoot("$SCRATCH")).toBe("$SCRATCH"); // an option has no shell to make up for
  });

  it("HF_TOKEN_PATH in the home folder; HF_HUB_DISABLE_IMPLICIT_TOKEN leaves only the option", async () => {
    server.add("org/private", { "config.json": config }, { access: "private" });
    fs.writeFileSync(join(root, "secret"), server.token);
    vi.stubEnv("HF_ENDPOINT", server.endpoint);
    vi.stubEnv("HF_HUB_CACHE", join(root, "cache"));
    vi.stubEnv("HF_TOKEN", "");
    vi.stubEnv("HF_TOKEN_PATH", `~/${path.relative(homedir(), join(root, "secret"))}`);
    const read = async (token?: string) => (await openModelFiles("org/private", token === undefined ? {} : { token })).read("config.json");
    expect(await read()).toHaveLength(config.length);
    fs.rmSync(join(root, "cache"), { recursive: true });
    vi.stubEnv("HF_TOKEN", server.token);
    vi.stubEnv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1");
    await expect(read()).rejects.toThrow(/answered 401/);
    await expect(read(null as never)).rejects.toThrow(/answered 401/);
    expect(await read(server.token)).toHaveLength(config.length);
  });

  it.each([
    ["0", "1", false],
    ["", "1", true],
    ["1", "0", true],
  ])("HF_HUB_OFFLINE=%s with TRANSFORMERS_OFFLINE=%s", async (hubs, transformers, offline) => {
    vi.stubEnv("HF_ENDPOINT", server.endpoint);
    vi.stubEnv("HF_HUB_CACHE", root);
    vi.stubEnv("HF_HUB_OFFLINE", hubs);
    vi.stubEnv("TRANSFORMERS_OFFLINE", transformers);
    const read = (await openModelFiles(id, {})).read("config.json");
    if (offline) await expect(read).rejects.toThrow(/downloads are off/);
    else expect(await read).toHaveLength(config.length);
  });

  it("HF_ENDPOINT that is no address", async () => {
    vi.stubEnv("HF_ENDPOINT", "mirror");
    await expect(openModelFiles(id, {})).rejects.toThrow(/HF_ENDPOINT must be the http\(s\) address/);
  });
});
