/**
 * npm run quantize -- SOURCE DESTINATION
 *
 * Reads a float checkpoint (a folder, or whatever loadModel takes) and writes a w8 folder: model.safetensors with int8 weights,
 * config.json with its quantization_config, and the files that tokenizers and sentence encoders read. DESTINATION must be new or empty.
 */

import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { openModelFiles } from "../src/files/index.ts";
import { quantizeModel } from "../src/models/quantize.ts";

/** What is copied as it is, where the source has it. vocab.txt only without a tokenizer.json, which holds the same vocabulary. */
const COMPANIONS = [
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "modules.json",
  "sentence_bert_config.json",
  "config_sentence_transformers.json",
  "1_Pooling/config.json",
];
const VOCABULARIES = ["vocab.txt", "vocab.json", "merges.txt", "sentencepiece.bpe.model", "spiece.model", "spm.model"];

async function main(): Promise<void> {
  const [source, destination] = process.argv.slice(2);
  if (!source || !destination) throw new Error("usage: npm run quantize -- SOURCE DESTINATION");
  if (existsSync(destination) && readdirSync(destination).length > 0) {
    throw new Error(`${destination} is not empty; give a new folder, nothing is overwritten`);
  }
  const files = await openModelFiles(source, {});
  const { weights, config, counts } = await quantizeModel(files);
  const write = (name: string, data: Uint8Array | string): void => {
    mkdirSync(dirname(join(destination, name)), { recursive: true });
    writeFileSync(join(destination, name), data);
    process.stdout.write(`  ${name}  ${(data.length / 1e6).toFixed(2)} MB\n`);
  };
  process.stdout.write(`${counts.int8} matrices are int8, ${counts.kept} tensors as they were\n`);
  write("model.safetensors", weights);
  write("config.json", config);
  let hasTokenizer = false;
  for (const name of [...COMPANIONS, ...VOCABULARIES]) {
    if (hasTokenizer && VOCABULARIES.includes(name)) continue;
    const bytes = await files.readIfPresent(name);
    if (bytes) write(name, bytes);
    hasTokenizer ||= name === "tokenizer.json" && bytes !== undefined;
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
