/** `hummingbert pull MODEL...`: a model into the cache, without running it. */
import type { ModelFiles } from "../../files/types.ts";
import { type Command, UsageError } from "../command.ts";
import { loadOptions } from "../loading.ts";

/** Read when there, besides config.json and the weights: what loading and tokenizing ask for. */
const OPTIONAL = [
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "vocab.txt",
  "modules.json",
  "sentence_bert_config.json",
  "config_sentence_transformers.json",
  "1_Pooling/config.json",
];

export const pull: Command = {
  name: "pull",
  summary: "download models into the cache",
  usage: "MODEL...",
  details:
    "Fetches the files that loading a model needs into the standard Hugging Face cache (HF_HOME), which Python shares. Files that are there stay.",
  options: { revision: { type: "string" } },
  optionHelp: [["--revision NAME", "branch, tag or commit (default: main)"]],
  examples: ["hummingbert pull sentence-transformers/all-MiniLM-L6-v2"],
  async run(invocation) {
    const { texts, values, output, signal } = invocation;
    if (texts.length === 0) throw new UsageError("pull needs at least one model");
    const { openModelFiles } = await import("../../files/open.ts");
    const { Config } = await import("../../models/config.ts");
    const { architectureOf } = await import("../../models/families.ts");
    for (const model of texts) {
      const options = { ...loadOptions(invocation), ...(typeof values.revision === "string" ? { revision: values.revision } : {}) };
      const files = await openModelFiles(model, options);
      const config = Config.parse(await files.read("config.json", signal), files.label);
      const { name } = architectureOf(config);
      const fetched = ["config.json"];
      for (const file of OPTIONAL) if (await files.readIfPresent(file, signal)) fetched.push(file);
      fetched.push(...(await pullWeights(files, signal)));
      if (output.json) await output.object({ model, architecture: name, files: fetched });
      else await output.line(`${output.paint("green", "✓")} ${model} (${name}): ${fetched.length} files`);
    }
  },
};

/** One file, or the shards that an index names. */
async function pullWeights(files: ModelFiles, signal: AbortSignal): Promise<string[]> {
  if (await files.readIfPresent("model.safetensors", signal)) return ["model.safetensors"];
  const index = JSON.parse(new TextDecoder().decode(await files.read("model.safetensors.index.json", signal))) as {
    weight_map?: Record<string, string>;
  };
  const shards = [...new Set(Object.values(index.weight_map ?? {}))];
  for (const shard of shards) await files.read(shard, signal);
  return ["model.safetensors.index.json", ...shards];
}
