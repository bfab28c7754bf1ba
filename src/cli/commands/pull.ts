/** `hummingbert pull MODEL...`: a model into the cache, without running it. */
import { type Command, UsageError } from "../command.ts";
import { loadOptions } from "../loading.ts";
import { ProgressLine } from "../progress.ts";

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
    const { pullModel } = await import("../pull-model.ts");
    const progress = new ProgressLine(values.quiet === true);
    const revision = typeof values.revision === "string" ? { revision: values.revision } : {};
    for (const model of texts) {
      const files = await openModelFiles(model, { ...loadOptions(invocation, progress), ...revision });
      const { architecture, names } = await pullModel(files, signal);
      progress.clear();
      if (output.json) await output.object({ model, architecture, files: names });
      else await output.line(`${output.paint("green", "✓")} ${model} (${architecture}): ${names.length} files`);
    }
  },
};
