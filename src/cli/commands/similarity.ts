/** `hummingbert similarity`: how near texts are to each other. */
import { SentenceEncoder } from "../../tasks/sentence-encoder.ts";
import { type Command, UsageError } from "../command.ts";
import { openInput } from "../input.ts";
import { loadOptions, modelOption } from "../loading.ts";
import { score } from "../output.ts";

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
    const texts: string[] = [];
    for await (const record of (await openInput(invocation)).records) {
      if (record.error !== undefined) throw new Error(`${record.where}: ${record.error}`);
      texts.push(record.text);
    }
    if (texts.length < 2) throw new UsageError("similarity needs at least two texts");
    const encoder = await SentenceEncoder.load(modelOption(invocation), loadOptions(invocation));
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
