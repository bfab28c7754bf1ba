/** `hummingbert embed`: one vector a text. */
import { type Command, integerOption, stringOption } from "../command.ts";
import { checkInput } from "../input.ts";
import { engineOptions, modelOption } from "../loading.ts";
import { score } from "../output.ts";
import { processRecords, textOf } from "../records.ts";

const SHOWN_NUMBERS = 5;
/** Columns of a terminal that leaves no room for so many. */
const NARROW = 70;

export const embed: Command = {
  name: "embed",
  summary: "vectors of texts",
  usage: "[TEXT...] [options]",
  details: 'Each text becomes one vector. With --json a line is {"text", "embedding"}; the order is the input\'s.',
  options: {
    "truncate-dim": { type: "string" },
    "prompt-name": { type: "string" },
    prompt: { type: "string" },
    normalize: { type: "boolean" },
  },
  optionHelp: [
    ["--truncate-dim N", "keep the first N dimensions"],
    ["--prompt TEXT", "put before every text"],
    ["--prompt-name NAME", "a prompt that the model's configuration names"],
    ["--normalize", "unit length, also where the model does not say so"],
  ],
  examples: ['hummingbert embed "A bird sings."', "cat sentences.txt | hummingbert embed --json > vectors.jsonl"],
  async run(invocation) {
    const { values, output, signal } = invocation;
    await checkInput(invocation);
    const { SentenceEncoder } = await import("../../tasks/sentence-encoder.ts");
    const encoder = await SentenceEncoder.load(modelOption(invocation), await engineOptions(invocation));
    const truncateDim = integerOption(values, "truncate-dim");
    const prompt = stringOption(values, "prompt");
    const promptName = stringOption(values, "prompt-name");
    const options = {
      signal,
      ...(truncateDim ? { truncateDim } : {}),
      ...(prompt !== undefined ? { prompt } : {}),
      ...(promptName !== undefined ? { promptName } : {}),
      ...(values.normalize ? { normalize: true } : {}),
    };
    try {
      await encoder.encode([], options); // an option that cannot be used is not a line's mistake
      await processRecords(invocation, {
        parse: textOf,
        run: (texts: readonly string[]) => encoder.encode(texts, options),
        write: async (text, embedding) => {
          if (output.json) return output.object({ text, embedding });
          const shown = output.width < NARROW ? 2 : SHOWN_NUMBERS;
          const numbers = [...embedding.subarray(0, shown)].map(score).join(" ");
          await output.line(
            `${output.paint("cyan", `${numbers} …`)} ${output.paint("dim", `(${embedding.length})`)}  ${output.clip(text, 7 * shown + 10)}`,
          );
        },
      });
    } finally {
      encoder.dispose();
    }
  },
};
