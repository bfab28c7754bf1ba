/** Opening weights: errors name the file, a missing shard is not taken for missing weights, and no file handle stays open. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { openModelFiles } from "../../src/files/index.ts";
import { openWeights } from "../../src/models/weight-files.ts";
import { fixture } from "../shared.ts";

const bert = readFileSync(`${fixture("tiny/bert")}/model.safetensors`);
const index = (shard: string) => Buffer.from(JSON.stringify({ weight_map: { "embeddings.LayerNorm.bias": shard } }));
const open = async (files: Record<string, Uint8Array>) => openWeights(await openModelFiles(new Map(Object.entries(files)), {}));

describe("openWeights", () => {
  test("a cut file is named", async () => {
    await expect(open({ "model.safetensors": bert.subarray(0, -100) })).rejects.toThrow(
      /^model\.safetensors of the given files: .*MetadataIncompleteBuffer/,
    );
  });

  test("neither file", async () => {
    await expect(open({ "config.json": bert })).rejects.toThrow(
      "expected model.safetensors or model.safetensors.index.json, found neither",
    );
  });

  test("a shard that is missing is named", async () => {
    await expect(open({ "model.safetensors.index.json": index("model-1.safetensors") })).rejects.toThrow("No file model-1.safetensors");
  });

  const handles = "/proc/self/fd";
  test.skipIf(!existsSync(handles))("a file that is refused is closed again", async () => {
    const folder = await openModelFiles(fixture("safetensors"), {});
    const name = readdirSync(fixture("safetensors")).find((file) => file.startsWith("bad-"))!;
    const before = readdirSync(handles).length;
    const named = { ...folder, label: folder.label, open: (_name: string) => folder.open(name) };
    for (let i = 0; i < 5; i++) await expect(openWeights(named)).rejects.toThrow(/^model\.safetensors of /);
    expect(readdirSync(handles)).toHaveLength(before);
  });
});
