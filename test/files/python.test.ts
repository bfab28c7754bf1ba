/** Python's huggingface_hub on the same cache, both ways. Runs where it is installed (PYTHON names the interpreter, default python3). */

import { execFile, spawnSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HubFiles } from "../../src/files/hub-files.ts";
import { DownloadProgress } from "../../src/files/progress.ts";
import { HubServer } from "./hub-server.ts";

const id = "org/model";
const names = ["config.json", "1_Pooling/config.json", "model.safetensors"];
const weights = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31) & 255);
const python = process.env.PYTHON ?? "python3";
const isInstalled = spawnSync(python, ["-c", "import huggingface_hub"]).status === 0;

describe.skipIf(!isInstalled)("huggingface_hub", () => {
  let server: HubServer;
  let root: string;
  beforeAll(async () => {
    server = await HubServer.start();
    server.add(id, { "config.json": "{}", "1_Pooling/config.json": '{"a":1}', "model.safetensors": weights });
    root = fs.mkdtempSync(join(tmpdir(), "hub ü 東京 "));
  });
  afterAll(async () => {
    await server.stop();
    fs.rmSync(root, { recursive: true, force: true });
  });

  /** Runs a program with `id`, `cache`, `names` and hf_hub_download; gives what it prints as JSON. */
  async function run(cache: string, program: string): Promise<unknown> {
    const head = `import json\nfrom huggingface_hub import *\nfrom huggingface_hub import _CACHED_NO_EXIST\nid, cache, names = json.loads(${JSON.stringify(JSON.stringify([id, cache, names]))})\n`;
    const env = { ...process.env, HF_ENDPOINT: server.endpoint, HF_HUB_DISABLE_TELEMETRY: "1", HF_HUB_DISABLE_XET: "1" };
    const { stdout } = await promisify(execFile)(python, ["-c", head + program], { env });
    return JSON.parse(stdout);
  }
  const open = (cache: string, revision = "main", offline = false) =>
    new HubFiles({
      repository: { endpoint: server.endpoint, id, token: undefined },
      revision,
      root: cache,
      offline,
      progress: new DownloadProgress(undefined),
      signal: undefined,
    });

  it("finds what was downloaded here, and what the Hub does not have", async () => {
    const cache = join(root, "ours");
    for (const name of names) await open(cache).read(name);
    expect(await open(cache).readIfPresent("modules.json")).toBeUndefined();
    const { paths, absent, warnings, size } = (await run(
      cache,
      `
paths = [hf_hub_download(id, name, cache_dir=cache, local_files_only=True) for name in names]
absent = try_to_load_from_cache(id, "modules.json", cache_dir=cache)
info = scan_cache_dir(cache)
print(json.dumps({"paths": paths, "absent": str(absent is _CACHED_NO_EXIST), "warnings": len(info.warnings), "size": info.size_on_disk}))`,
    )) as { paths: string[]; absent: string; warnings: number; size: number };
    expect(paths.map((path) => fs.readFileSync(path).length)).toEqual([2, 7, weights.length]);
    expect([absent, warnings, size]).toEqual(["True", 0, 2 + 7 + weights.length]);
  });

  it("downloads what is used here with no network at all", async () => {
    const cache = join(root, "theirs");
    const commit = server.repositories.get(id)!.commit;
    await run(cache, `print(json.dumps([hf_hub_download(id, name, cache_dir=cache) for name in names]))`);
    server.asked();
    for (const revision of ["main", commit]) {
      const files = open(cache, revision, true);
      expect(Buffer.compare(await files.read("model.safetensors"), weights)).toBe(0);
      expect(await files.subfolder("1_Pooling").read("config.json")).toHaveLength(7);
      expect(await files.readIfPresent("modules.json")).toBeUndefined();
    }
    expect(server.asked()).toEqual([]);
  });
});
