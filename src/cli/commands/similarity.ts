/** `hummingbert similarity`: how near texts are to each other. */
import { type Command, UsageError } from "../command.ts";
import { engineOptions, modelOption } from "../loading.ts";
import { score } from "../output.ts";
import { allTexts } from "../records.ts";

export const similarity: Command = {
  name: "similarity",
  summary: "how near texts are to each other",
  usage: "TEXT TEXT... [options]",
  details: 'Prints the matrix of cosine similarities of all texts. With --json a line a text: {"text", "similarities"}.',
  options: {},
  optionHelp: [],
  examples: ['hummingbert similarity "A man is eating." "Someone has a meal." "The sky is grey."'],
  async run(invocation) {
    const { output, signal } = invocation;
    const texts = await allTexts(invocation);
    if (texts.length < 2) throw new UsageError("similarity needs at least two texts");
    const { SentenceEncoder } = await import("../../tasks/sentence-encoder.ts");
    const encoder = await SentenceEncoder.load(modelOption(invocation), await engineOptions(invocation));
    try {
      const vectors = await encoder.encode(texts, { signal });
      const rows = encoder.similarity(vectors, vectors);
      for (const [i, row] of rows.entries()) {
        if (output.json) await output.object({ text: texts[i], similarities: row });
        else
          await output.line(
            `${[...row].map((value) => output.paint(value > 0.6 ? "green" : value > 0.3 ? "cyan" : "dim", score(value))).join(" ")}  ${output.clip(texts[i]!, 7 * row.length + 2)}`,
          );
      }
    } finally {
      encoder.dispose();
    }
  },
};
