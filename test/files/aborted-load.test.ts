/** Aborts at any moment of the public loads, here and in a worker: the moment the caller hears of it, no temporary file is left. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type LoadOptions, loadModel, pipeline, SentenceEncoder, Tokenizer } from "../../src/index.ts";
import { fixture } from "../shared.ts";
import { HubServer } from "./hub-server.ts";

const encoder = fixture("pipelines/encoder");
const home = mkdtempSync(join(tmpdir(), "hummingbert-aborted-"));
let server: HubServer;

beforeAll(async () => {
  server = await HubServer.start();
  const names = readdirSync(encoder, { recursive: true, encoding: "utf8" }).filter((name) => statSync(join(encoder, name)).isFile());
  server.add("org/tiny", Object.fromEntries(names.map((name) => [name, readFileSync(join(encoder, name))])));
  vi.stubEnv("HF_ENDPOINT", server.endpoint);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await server.stop();
  rmSync(home, { recursive: true, force: true });
});

const temporaries = (cacheDir: string) =>
  readdirSync(cacheDir, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".incomplete"));

const LOADS: Readonly<Record<string, (options: LoadOptions) => Promise<unknown>>> = {
  loadModel: (options) => loadModel("org/tiny", options),
  "Tokenizer.load": (options) => Tokenizer.load("org/tiny", options),
  "SentenceEncoder.load": (options) => SentenceEncoder.load("org/tiny", options),
  pipeline: (options) => pipeline("feature-extraction", "org/tiny", options),
  "SentenceEncoder.load, worker: true": (options) => SentenceEncoder.load("org/tiny", { ...options, worker: true }),
};

test.each(Object.entries(LOADS))(
  "%s",
  async (name, load) => {
    const isWorker = name.includes("worker");
    const step = isWorker ? 120 : 3;
    for (let turn = 0; turn < (isWorker ? 8 : 16); turn++) {
      for (const file of ["model.safetensors", "tokenizer.json", "config.json"]) server.faults.set(file, [{ slow: 4 }]);
      const cacheDir = mkdtempSync(join(home, "cache-"));
      const controller = new AbortController();
      const loading = load({ device: "reference", cacheDir, signal: controller.signal }).then(
        () => "loaded",
        (error: Error) => error.message,
      );
      setTimeout(() => controller.abort(new Error("enough")), turn * step);
      const ending = await loading;
      expect(temporaries(cacheDir), `after ${turn * step} ms`).toEqual([]);
      expect(["enough", "loaded"]).toContain(ending);
    }
  },
  60_000,
);
