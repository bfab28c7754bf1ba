/** `hummingbert answer`: the span of a context that answers a question. */
import { readFile } from "node:fs/promises";
import { type Command, integerOption, stringOption, UsageError } from "../command.ts";
import { explain } from "../explain.ts";
import { checkInput } from "../input.ts";
import { decodeText } from "../lines.ts";
import { engineOptions, modelOption } from "../loading.ts";
import { score } from "../output.ts";
import { fieldOf, processRecords } from "../records.ts";

const CONTEXT_SHOWN = 40;

export const answer: Command = {
  name: "answer",
  summary: "answers found in a text",
  usage: "[QUESTION...] --context FILE | --context-text TEXT | (lines of {question, context})",
  details:
    'Questions as arguments need one context for all of them. Lines are {"question", "context"}. With --json a line is {"question", "score", "start", "end", "answer"}, or has "answers" with --top-k.',
  options: {
    context: { type: "string" },
    "context-text": { type: "string" },
    "top-k": { type: "string" },
    "max-answer-len": { type: "string" },
  },
  optionHelp: [
    ["--context FILE", "a text file to search for the answer"],
    ["--context-text TEXT", "the text itself"],
    ["--top-k N", "the N best answers (default 1)"],
    ["--max-answer-len N", "tokens an answer may have (default 15)"],
  ],
  examples: [
    'hummingbert answer "Who built it?" --context-text "The bridge was built by Telford in 1826."',
    "hummingbert answer --json < questions.jsonl",
  ],
  async run(invocation) {
    const { values, output, signal } = invocation;
    const context = await contextOf(stringOption(values, "context"), stringOption(values, "context-text"));
    if (invocation.texts.length > 0 && context === undefined)
      throw new UsageError("questions as arguments need --context FILE or --context-text TEXT");
    const topK = integerOption(values, "top-k");
    const maxAnswerLen = integerOption(values, "max-answer-len");
    await checkInput(invocation);
    const { pipeline } = await import("../../tasks/pipeline.ts");
    const reader = await pipeline("question-answering", modelOption(invocation), await engineOptions(invocation));
    try {
      await processRecords(invocation, {
        batch: 16,
        parse: (record) =>
          record.object
            ? {
                question: fieldOf(record, "question"),
                context: typeof record.object.context === "string" ? record.object.context : (context ?? fieldOf(record, "context")),
              }
            : { question: record.text, context: context ?? fieldOf(record, "context") },
        run: (items: readonly { question: string; context: string }[]) =>
          reader(items, { signal, ...(topK ? { topK } : {}), ...(maxAnswerLen ? { maxAnswerLen } : {}) }),
        write: async ({ question, context: text }, result) => {
          const answers = Array.isArray(result) ? result : [result];
          if (output.json) return output.object(topK === undefined ? { question, ...answers[0] } : { question, answers });
          await output.line(output.paint("bold", output.plain(question)));
          for (const { score: value, start, end } of answers) {
            const before = text.slice(Math.max(0, start - CONTEXT_SHOWN), start);
            const after = text.slice(end, end + CONTEXT_SHOWN);
            await output.line(
              `  ${score(value)}  ${output.paint("dim", output.plain(before))}${output.paint("green", output.plain(text.slice(start, end)))}${output.paint("dim", output.plain(after))}`,
            );
          }
        },
      });
    } finally {
      reader.dispose();
    }
  },
};

async function contextOf(file: string | undefined, text: string | undefined): Promise<string | undefined> {
  if (file !== undefined && text !== undefined) throw new UsageError("give --context or --context-text, not both");
  if (file === undefined) return text;
  const bytes = await readFile(file);
  try {
    return decodeText(bytes, true, "the file");
  } catch (error) {
    throw new Error(`--context ${file}: ${explain(error)}`);
  }
}
