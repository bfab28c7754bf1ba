/** `hummingbert quantize SOURCE DESTINATION`: a float checkpoint as a w8 folder. */
import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ModelFiles } from "../../files/types.ts";
import { type Command, UsageError } from "../command.ts";
import { createFolder } from "../folder.ts";
import { loadOptions } from "../loading.ts";

/** What is copied as it is, where the source has it. */
const COMPANIONS = [
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "modules.json",
  "sentence_bert_config.json",
  "config_sentence_transformers.json",
];
/** Copied only without a tokenizer.json, which holds the same vocabulary. */
const VOCABULARIES = ["vocab.txt", "vocab.json", "merges.txt", "sentencepiece.bpe.model", "spiece.model", "spm.model"];

export const quantize: Command = {
  name: "quantize",
  summary: "a float checkpoint as int8 weights, a quarter of the size",
  usage: "SOURCE DESTINATION",
  details:
    "Writes model.safetensors with int8 weights and a scale per output channel (compressed-tensors, int-quantized), config.json with its\nquantization_config, and the files that tokenizers and sentence encoders read. DESTINATION must be new or empty; it appears when it is whole.",
  options: {},
  optionHelp: [],
  examples: ["hummingbert quantize sentence-transformers/all-MiniLM-L12-v2 ./minilm-l12-w8"],
  async run(invocation) {
    const [source, destination, ...rest] = invocation.texts;
    if (source === undefined || destination === undefined || rest.length > 0) throw new UsageError("quantize takes SOURCE and DESTINATION");
    if (existsSync(destination) && readdirSync(destination).length > 0) {
      throw new Error(`${destination} is not empty; give a new folder, nothing is overwritten`);
    }
    const { output, signal } = invocation;
    const { openModelFiles } = await import("../../files/open.ts");
    const { quantizeModel } = await import("../../models/quantize.ts");
    const files = await openModelFiles(source, loadOptions(invocation));
    const { weights, config, counts } = await quantizeModel(files);
    const partial = `${destination.replace(/[\\/]+$/, "")}.partial-${process.pid}`;
    const written: { file: string; bytes: number }[] = [];
    const write = async (file: string, data: Uint8Array | string): Promise<void> => {
      await createFolder(dirname(join(partial, file)));
      writeFileSync(join(partial, file), data);
      written.push({ file, bytes: data.length });
    };
    try {
      await write("model.safetensors", weights);
      await write("config.json", config);
      for (const name of [...COMPANIONS, ...(await moduleFiles(files, signal))]) {
        const bytes = await files.readIfPresent(name, signal);
        if (bytes) await write(name, bytes);
      }
      const hasTokenizer = written.some(({ file }) => file === "tokenizer.json");
      for (const name of hasTokenizer ? [] : VOCABULARIES) {
        const bytes = await files.readIfPresent(name, signal);
        if (bytes) await write(name, bytes);
      }
      if (existsSync(destination)) rmSync(destination, { recursive: true });
      renameSync(partial, destination);
    } catch (error) {
      rmSync(partial, { recursive: true, force: true });
      throw error;
    }
    if (output.json) return output.object({ destination, ...counts, files: written });
    await output.line(`${counts.int8} matrices are int8, ${counts.kept} tensors as they were`);
    for (const { file, bytes } of written) await output.line(`  ${file.padEnd(36)} ${(bytes / 1e6).toFixed(2).padStart(8)} MB`);
  },
};

/** The files of the modules that modules.json puts into folders of their own: 1_Pooling, 2_Dense, ... */
async function moduleFiles(files: ModelFiles, signal: AbortSignal): Promise<string[]> {
  const { readJson } = await import("../../files/json.ts");
  const modules = await readJson(files, "modules.json", signal);
  const paths = (Array.isArray(modules) ? modules : []).map((module: { path?: unknown } | null) => module?.path);
  const folders = paths.filter((path): path is string => typeof path === "string" && path !== "" && path !== ".");
  return folders.flatMap((path) => [`${path}/config.json`, `${path}/model.safetensors`]);
}
