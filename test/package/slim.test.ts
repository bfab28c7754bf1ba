/**
 * hummingbert/slim: the bits of the full library on what it has, sentences about what it leaves out, and a bundle without the rooms it must not bring along.
 */
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { SentenceEncoder as FullEncoder } from "../../src/index.ts";
import { SentenceEncoder } from "../../src/slim.ts";
import { fixture } from "../shared.ts";

const folder = fixture("pipelines/encoder");
const TEXTS = ["Shenzhen stock indices close higher Monday", "Crème brûlée & 東京 😀", ""];

function filesOf(path: string, extra: Readonly<Record<string, unknown>> = {}): Map<string, Uint8Array> {
  const files = new Map(readdirSync(path).map((name) => [name, new Uint8Array(readFileSync(join(path, name)))]));
  for (const [name, json] of Object.entries(extra)) files.set(name, new TextEncoder().encode(JSON.stringify(json)));
  return files;
}

test.each(["wasm", "loops"] as const)("on %s: the bits of the full library on one thread", async (device) => {
  const full = await FullEncoder.load(folder, { device, threads: 1 });
  const slim = await SentenceEncoder.load(filesOf(folder), { device });
  expect(slim.dimension).toBe(full.dimension);
  expect(slim.maxSeqLength).toBe(full.maxSeqLength);
  expect(await slim.encode(TEXTS)).toEqual(await full.encode(TEXTS));
  full.dispose();
  slim.dispose();
});

test("loads from a URL", async () => {
  const server = createServer((request, response) => {
    const file = filesOf(folder).get(request.url!.replace("/models/tiny/", ""));
    response.writeHead(file ? 200 : 404).end(file);
  });
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  const encoder = await SentenceEncoder.load(`http://localhost:${(server.address() as AddressInfo).port}/models/tiny`);
  const fromMemory = await SentenceEncoder.load(filesOf(folder));
  expect(await encoder.encode(TEXTS)).toEqual(await fromMemory.encode(TEXTS));
  encoder.dispose();
  fromMemory.dispose();
  server.close();
});

test("says what it leaves out", async () => {
  await expect(SentenceEncoder.load("sentence-transformers/all-MiniLM-L6-v2")).rejects.toThrow(/Hub ids and folders need "hummingbert"/);
  await expect(SentenceEncoder.load(filesOf(folder), { device: "reference" })).rejects.toThrow(
    /device: expected "auto", "wasm" or "loops"/,
  );
  await expect(SentenceEncoder.load(filesOf(folder), { device: null as never })).rejects.toThrow(/device: expected .* found null/);
  await expect(SentenceEncoder.load(null as never)).rejects.toThrow(/model: expected a string or a Map of files, found null/);
  await expect(SentenceEncoder.load(filesOf(folder), { worker: true })).rejects.toThrow(/worker: true needs "hummingbert"/);
  const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as object;
  const roberta = filesOf(folder, { "config.json": { ...config, model_type: "roberta" } });
  await expect(SentenceEncoder.load(roberta)).rejects.toThrow(/model_type "roberta" is not supported; supported are bert/);
  const modules = ["Transformer", "Pooling", "Dense"].map((name, idx) => ({
    idx,
    path: idx === 0 ? "" : `${idx}_${name}`,
    type: `x.${name}`,
  }));
  const dense = filesOf(folder, { "modules.json": modules, "1_Pooling/config.json": { pooling_mode_mean_tokens: true } });
  await expect(SentenceEncoder.load(dense)).rejects.toThrow(/hummingbert\/slim has no Dense module/);
  const without = (name: string) => new Map([...filesOf(folder)].filter(([file]) => file !== name));
  await expect(SentenceEncoder.load(without("tokenizer.json"))).rejects.toThrow(/expected tokenizer.json, found none/);
  await expect(SentenceEncoder.load(without("model.safetensors"))).rejects.toThrow(/No file model.safetensors among/);
});

test("its bundle has no Hub, no threads, no other family or tokenizer, and no kernel of theirs", async () => {
  const { metafile } = await build({
    entryPoints: [new URL("../../src/slim.ts", import.meta.url).pathname],
    bundle: true,
    format: "esm",
    platform: "browser",
    treeShaking: true,
    write: false,
    metafile: true,
  });
  const inside = Object.entries(Object.values(metafile.outputs)[0]!.inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  const files = inside.map(([file]) => file.replace(/^.*\bsrc\//, ""));
  expect(files).toContain("models/bert.ts");
  const unwanted =
    /files\/(hub|web-hub|folder|disk)|threads\/(backend|pool|team)|threads\/interpreter|wasm\/(relative|rotate)|models\/(families|deberta|modernbert|head-tables)|layers\/head\.|tokenizers\/(bpe|unigram|full-kit|legacy-files)|safetensors\/shards/;
  expect(files.filter((file) => unwanted.test(file))).toEqual([]);
});
