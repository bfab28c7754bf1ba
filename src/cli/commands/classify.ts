/** `hummingbert classify`: a label and a score a text; sentiment by default. */
import { type Command, stringOption, UsageError } from "../command.ts";
import { checkInput } from "../input.ts";
import { engineOptions, modelOption } from "../loading.ts";
import { score } from "../output.ts";
import { fieldOf, processRecords, textOf } from "../records.ts";

type Applied = "none" | "sigmoid" | "softmax";

export const classify: Command = {
  name: "classify",
  summary: "sentiment, or any text classifier",
  usage: "[TEXT...] [options]",
  details:
    'Prints the best label of each text. With --json a line is {"text", "label", "score"}; with --top-k it has "labels", a list, instead.\nA line {"text", "textPair"} classifies a pair.',
  options: { "top-k": { type: "string" }, function: { type: "string" } },
  optionHelp: [
    ["--top-k N|all", "the N best labels"],
    ["--function NAME", "none, sigmoid or softmax (default: what the model's configuration says)"],
  ],
  examples: ['hummingbert classify "What a lovely film."', "hummingbert classify --file reviews.txt --json --top-k all"],
  async run(invocation) {
    const { values, output, signal } = invocation;
    const functionToApply = stringOption(values, "function", ["none", "sigmoid", "softmax"]) as Applied | undefined;
    const topKText = stringOption(values, "top-k");
    const topK = topKText === "all" ? null : Number(topKText ?? 1);
    if (topK !== null && !(Number.isInteger(topK) && topK > 0))
      throw new UsageError(`--top-k takes a whole number of at least 1 or "all", got "${topKText}"`);
    await checkInput(invocation);
    const { pipeline } = await import("../../tasks/pipeline.ts");
    const classifier = await pipeline("text-classification", modelOption(invocation), await engineOptions(invocation));
    try {
      await processRecords(invocation, {
        parse: (record) => {
          const text = textOf(record);
          const pair = ["textPair", "text_pair"].find((name) => (record.object?.[name] ?? null) !== null);
          return pair === undefined ? { text } : { text, textPair: fieldOf(record, pair) };
        },
        run: (inputs: readonly { text: string; textPair?: string }[]) =>
          classifier(inputs, { topK, signal, ...(functionToApply ? { functionToApply } : {}) }),
        write: async ({ text }, labels) => {
          if (output.json) return output.object(topKText === undefined ? { text, ...labels[0] } : { text, labels });
          const cells = labels
            .map(({ label, score: value }) => `${output.paint(colourOf(label), label.padEnd(10))} ${score(value)}`)
            .join("  ");
          await output.line(`${cells}  ${output.clip(text, 20 * labels.length)}`);
        },
      });
    } finally {
      classifier.dispose();
    }
  },
};

function colourOf(label: string): "green" | "red" | "cyan" {
  if (/^(pos|entail|good|5|true)/i.test(label)) return "green";
  return /^(neg|contra|bad|1|false)/i.test(label) ? "red" : "cyan";
}
