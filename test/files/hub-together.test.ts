/** Downloads from the Hub that follow each other, happen at the same time, and add up to one progress. */

import { spawn } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { DownloadError } from "../../src/errors.ts";
import { HubFiles } from "../../src/files/hub-files.ts";
import { DownloadProgress } from "../../src/files/progress.ts";
import type { Progress } from "../../src/files/types.ts";
import { blobOf, commit, config, folder, hub, id, large, quick, root, same, server, temporaries, tree, weights } from "./hub-fixture.ts";

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
    await vi.waitFor(() => expect(fs.statSync(join(root, temporaries()[0]!)).size).toBeGreaterThan(100_000), 10_000);
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
    expect(server.seen.filter(({ revision }) => revision === "main")).toHaveLength(1); // the others wait for its answer
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
