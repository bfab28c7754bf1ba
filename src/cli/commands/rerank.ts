/** `hummingbert rerank`: documents in the order of their relevance to a query, by a cross encoder. */
import { type Command, integerOption, stringOption } from "../command.ts";
import { checkInput, type InputRecord } from "../input.ts";
import { engineOptions, modelOption } from "../loading.ts";
import { score } from "../output.ts";
import { allTexts, fieldOf, processRecords } from "../records.ts";

interface Ranking {
  readonly query: string;
  readonly documents: readonly string[];
}

export const rerank: Command = {
  name: "rerank",
  summary: "documents by their relevance to a query",
  usage: "[DOCUMENT...] --query TEXT --model SOURCE | (lines of {query, documents})",
  details:
    'With --query, arguments or lines are documents. Without, lines are {"query", "documents"}. With --json a line is {"query", "results"}, each with corpus_id, score and text.',
  options: { query: { type: "string" }, "top-k": { type: "string" } },
  optionHelp: [
    ["--query TEXT", "the query that the documents are held against"],
    ["--top-k N", "only the N best"],
  ],
  examples: ['hummingbert rerank --query "rain in Lisbon" --file documents.txt --model cross-encoder/ms-marco-MiniLM-L6-v2'],
  async run(invocation) {
    const { values, output, signal } = invocation;
    const topK = integerOption(values, "top-k");
    const query = stringOption(values, "query");
    await checkInput(invocation);
    const { CrossEncoder } = await import("../../tasks/cross-encoder.ts");
    const encoder = await CrossEncoder.load(modelOption(invocation), await engineOptions(invocation));
    const rank = ({ query, documents }: Ranking) =>
      encoder.rank(query, documents, { returnDocuments: true, signal, ...(topK ? { topK } : {}) });
    const write = async ({ query }: Ranking, results: Awaited<ReturnType<typeof rank>>): Promise<void> => {
      if (output.json) return output.object({ query, results });
      await output.line(output.paint("bold", output.plain(query)));
      for (const result of results) await output.line(`  ${score(result.score)}  ${output.clip(result.text ?? "", 12)}`);
    };
    try {
      if (query !== undefined) {
        const ranking = { query, documents: await allTexts(invocation) };
        await write(ranking, await rank(ranking));
        return;
      }
      await processRecords(invocation, {
        batch: 8,
        parse: parseRanking,
        run: (items: readonly Ranking[]) => Promise.all(items.map(rank)),
        write,
      });
    } finally {
      encoder.dispose();
    }
  },
};

function parseRanking(record: InputRecord): Ranking {
  const documents = record.object?.documents;
  if (!Array.isArray(documents) || !documents.every((document) => typeof document === "string")) {
    throw new Error('expected an object with "query" and "documents", a list of strings (or --query TEXT, and texts to rank)');
  }
  return { query: fieldOf(record, "query"), documents };
}
