/** `hummingbert zero-shot`: labels of your own, without training. */
import { type Command, listOption, stringOption, UsageError } from "../command.ts";
import { checkInput } from "../input.ts";
import { engineOptions, modelOption } from "../loading.ts";
import { score } from "../output.ts";
import { processRecords, textOf } from "../records.ts";

export const zeroShot: Command = {
  name: "zero-shot",
  summary: "labels of your own, by an entailment model",
  usage: "[TEXT...] --label A --label B --model SOURCE",
  details: 'Every text is held against every label in one batch. With --json a line is {"sequence", "labels", "scores"}, best first.',
  options: { label: { type: "string", short: "l", multiple: true }, "multi-label": { type: "boolean" }, template: { type: "string" } },
  optionHelp: [
    ["-l, --label NAME", "a candidate label; repeatable, or comma-separated"],
    ["--multi-label", "labels are independent of each other"],
    ["--template TEXT", 'the hypothesis, with {} for the label (default "This example is {}.")'],
  ],
  examples: ['hummingbert zero-shot "The rover landed at dawn." -l space,politics --model MoritzLaurer/deberta-v3-base-zeroshot-v2.0'],
  async run(invocation) {
    const { values, output, signal } = invocation;
    const labels = listOption(values, "label")
      .flatMap((label) => label.split(","))
      .map((label) => label.trim())
      .filter(Boolean);
    if (labels.length === 0) throw new UsageError("zero-shot needs at least one --label");
    const hypothesisTemplate = stringOption(values, "template");
    if (hypothesisTemplate !== undefined && !/\{0?\}/.test(hypothesisTemplate))
      throw new UsageError(`--template takes a text with {} where the label should go, got "${hypothesisTemplate}"`);
    await checkInput(invocation);
    const { pipeline } = await import("../../tasks/pipeline.ts");
    const classifier = await pipeline("zero-shot-classification", modelOption(invocation), await engineOptions(invocation));
    try {
      await processRecords(invocation, {
        batch: 32,
        parse: textOf,
        run: (texts: readonly string[]) =>
          classifier(texts, labels, {
            signal,
            multiLabel: values["multi-label"] === true,
            ...(hypothesisTemplate !== undefined ? { hypothesisTemplate } : {}),
          }),
        write: async (text, result) => {
          if (output.json) return output.object(result);
          await output.line(output.clip(text));
          for (const [i, label] of result.labels.entries())
            await output.line(`  ${score(result.scores[i]!)}  ${i === 0 ? output.paint("green", label) : label}`);
        },
      });
    } finally {
      classifier.dispose();
    }
  },
};
