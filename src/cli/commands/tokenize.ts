/** `hummingbert tokenize`: what a model's tokenizer makes of a text. */
import { type Command, integerOption } from "../command.ts";
import { checkInput } from "../input.ts";
import { loadOptions, modelOption } from "../loading.ts";
import { processRecords, textOf } from "../records.ts";

export const tokenize: Command = {
  name: "tokenize",
  summary: "what a tokenizer makes of a text",
  usage: "[TEXT...] [options]",
  details: 'Prints tokens with their ids. With --json a line is {"text", "ids", "tokens", "offsets"}; text.slice(start, end) is the piece.',
  options: { pair: { type: "string" }, "max-length": { type: "string" }, "no-special": { type: "boolean" } },
  optionHelp: [
    ["--pair TEXT", "the second text of a pair"],
    ["--max-length N", "truncate to N tokens, special ones included"],
    ["--no-special", "without [CLS], [SEP] and their like"],
  ],
  examples: ['hummingbert tokenize "Crème brûlée"', "hummingbert tokenize --json --file lines.txt"],
  async run(invocation) {
    const { values, output } = invocation;
    await checkInput(invocation);
    const { Tokenizer } = await import("../../tokenizers/tokenizer.ts");
    const tokenizer = await Tokenizer.load(modelOption(invocation), loadOptions(invocation));
    const maxLength = integerOption(values, "max-length");
    const pair = typeof values.pair === "string" ? values.pair : null;
    const options = {
      addSpecialTokens: values["no-special"] !== true,
      ...(maxLength ? { truncation: "longest_first" as const, maxLength } : {}),
    };
    await processRecords(invocation, {
      parse: textOf,
      run: async (texts: readonly string[]) => texts.map((text) => tokenizer.encode(text, pair, options)),
      write: async (text, { ids, tokens, offsets }) => {
        if (output.json) return output.object({ text, ids, tokens, offsets });
        await output.line(tokens.map((token, i) => `${output.paint("cyan", token)}${output.paint("dim", `:${ids[i]}`)}`).join(" "));
      },
    });
  },
};
