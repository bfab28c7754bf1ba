/** `hummingbert ner`: names and where they stand. */
import { type Command, integerOption, stringOption } from "../command.ts";
import { checkInput } from "../input.ts";
import { engineOptions, modelOption } from "../loading.ts";
import { processRecords, textOf } from "../records.ts";

type Strategy = "simple" | "first" | "average" | "max";

export const ner: Command = {
  name: "ner",
  summary: "people, places and organisations in texts",
  usage: "[TEXT...] [options]",
  details: 'Marks the entities of each text. With --json a line is {"text", "entities"}; text.slice(start, end) is the piece.',
  options: { aggregation: { type: "string" }, stride: { type: "string" } },
  optionHelp: [
    ["--aggregation NAME", "none, simple (default), first, average or max: how pieces become words and words entities"],
    ["--stride N", "tokens shared by neighbouring windows of a long text"],
  ],
  examples: ['hummingbert ner "Ada Lovelace wrote to Charles Babbage in London."', "hummingbert ner --file news.txt --json"],
  async run(invocation) {
    const { values, output, signal } = invocation;
    const aggregation = stringOption(values, "aggregation", ["none", "simple", "first", "average", "max"]) ?? "simple";
    const stride = integerOption(values, "stride", 0);
    await checkInput(invocation);
    const { pipeline } = await import("../../tasks/pipeline.ts");
    const tagger = await pipeline("ner", modelOption(invocation), await engineOptions(invocation));
    try {
      await processRecords(invocation, {
        parse: textOf,
        run: (texts: readonly string[]) =>
          tagger(texts, { signal, aggregationStrategy: aggregation as "none" | Strategy, ...(stride !== undefined ? { stride } : {}) }),
        write: async (text, entities) => {
          if (output.json) return output.object({ text, entities });
          let shown = "";
          let at = 0;
          for (const entity of entities) {
            const label = "entity_group" in entity ? entity.entity_group : entity.entity;
            shown +=
              output.plain(text.slice(at, entity.start)) +
              output.paint("bold", output.plain(text.slice(entity.start, entity.end))) +
              output.paint("yellow", `[${label} ${entity.score.toFixed(2)}]`);
            at = entity.end;
          }
          await output.line(shown + output.plain(text.slice(at)));
        },
      });
    } finally {
      tagger.dispose();
    }
  },
};
