/** `hummingbert fill-mask`: words for the gaps. */
import { type Command, integerOption, listOption } from "../command.ts";
import { checkInput } from "../input.ts";
import { engineOptions, modelOption } from "../loading.ts";
import { score } from "../output.ts";
import { processRecords, textOf } from "../records.ts";

export const fillMask: Command = {
  name: "fill-mask",
  summary: "words for the gaps of a text",
  usage: "[TEXT...] --model SOURCE",
  details:
    'The text holds the model\'s mask token, such as [MASK] or <mask>. With --json a line is {"text", "fills"}; several masks give a list of lists.',
  options: { "top-k": { type: "string" }, target: { type: "string", multiple: true } },
  optionHelp: [
    ["--top-k N", "how many words a gap (default 5)"],
    ["--target WORD", "choose among these words only; repeatable"],
  ],
  examples: ['hummingbert fill-mask "Paris is the [MASK] of France." --model google-bert/bert-base-uncased'],
  async run(invocation) {
    const { values, output, signal } = invocation;
    const topK = integerOption(values, "top-k");
    const targets = listOption(values, "target");
    await checkInput(invocation);
    const { pipeline } = await import("../../tasks/pipeline.ts");
    const filler = await pipeline("fill-mask", modelOption(invocation), await engineOptions(invocation));
    try {
      await processRecords(invocation, {
        batch: 32,
        parse: textOf,
        run: (texts: readonly string[]) => filler(texts, { signal, ...(topK ? { topK } : {}), ...(targets.length > 0 ? { targets } : {}) }),
        write: async (text, fills) => {
          if (output.json) return output.object({ text, fills });
          await output.line(output.clip(text));
          for (const fill of fills.flat()) await output.line(`  ${score(fill.score)}  ${output.paint("green", fill.token_str)}`);
        },
      });
    } finally {
      filler.dispose();
    }
  },
};
