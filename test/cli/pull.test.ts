/** pull: whatever it fetched, loading it afterwards asks the Hub for nothing more. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { serializeSafetensors } from "../../src/safetensors/write.ts";
import { SentenceEncoder } from "../../src/tasks/sentence-encoder.ts";
import { HubServer } from "../files/hub-server.ts";
import { fixture } from "../shared.ts";
import { runCli } from "./run-cli.ts";

const encoder = fixture("pipelines/encoder");
const filesOf = (folder = ""): Record<string, Uint8Array> =>
  Object.fromEntries(readdirSync(encoder).map((name) => [folder + name, new Uint8Array(readFileSync(join(encoder, name)))]));
const dense = serializeSafetensors(
  new Map([
    ["linear.weight", { dtype: "F32", shape: [8, 24], data: new Uint8Array(8 * 24 * 4) }],
    ["linear.bias", { dtype: "F32", shape: [8], data: new Uint8Array(8 * 4) }],
  ]),
);
const modules = (...folders: [path: string, type: string][]) =>
  JSON.stringify(folders.map(([path, type], idx) => ({ idx, name: String(idx), path, type: `sentence_transformers.models.${type}` })));
const pooling = '{"word_embedding_dimension":24,"pooling_mode_mean_tokens":true}';

let server: HubServer;
let home: string;
beforeEach(async () => {
  server = await HubServer.start();
  home = mkdtempSync(join(tmpdir(), "hummingbert-pull-"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.stop();
  rmSync(home, { recursive: true, force: true });
});

test.each<[string, number, Record<string, Uint8Array | string>]>([
  ["a plain encoder", 24, filesOf()],
  [
    "a Transformer in a folder of its own, and a Dense module",
    8,
    {
      ...filesOf("0_Transformer/"),
      "modules.json": modules(
        ["0_Transformer", "Transformer"],
        ["1_Pooling", "Pooling"],
        ["2_Dense", "Dense"],
        ["3_Normalize", "Normalize"],
      ),
      "1_Pooling/config.json": pooling,
      "2_Dense/config.json": '{"in_features":24,"out_features":8,"bias":true,"activation_function":"torch.nn.modules.activation.Tanh"}',
      "2_Dense/model.safetensors": dense,
      "README.md": "not needed",
    },
  ],
])("%s", async (_, dimension, files) => {
  server.add("org/model", files);
  const env = { HF_ENDPOINT: server.endpoint, HF_HOME: home, HF_HUB_CACHE: "" };
  const { code, objects, stderr } = await runCli(["pull", "org/model", "--json"], { env });
  expect(stderr).toBe("");
  expect(code).toBe(0);
  const needed = Object.keys(files).filter((name) => name !== "README.md");
  expect(objects[0]!.architecture).toBe("BertModel");
  expect([...(objects[0]!.files as string[])].sort()).toEqual(needed.sort());
  server.asked();
  for (const [name, value] of Object.entries({ ...env, HF_HUB_OFFLINE: "1" })) vi.stubEnv(name, value);
  const loaded = await SentenceEncoder.load("org/model");
  expect(loaded.dimension).toBe(dimension);
  loaded.dispose();
  expect(server.asked()).toEqual([]);
});
