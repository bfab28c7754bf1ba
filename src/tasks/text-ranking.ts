/** text-ranking: documents from the most to the least relevant to a query, by a cross encoder with one label. */

import { checkOptions } from "../checks.ts";
import type { LoadOptions, ModelSource } from "../files/types.ts";
import { CrossEncoder } from "./cross-encoder.ts";

export interface TextRankingInput {
  query: string;
  documents: readonly string[];
}

export interface TextRanking {
  (
    input: TextRankingInput,
    options?: { topK?: number; signal?: AbortSignal },
  ): Promise<{ corpus_id: number; score: number; text: string }[]>;
  dispose(): void;
}

export async function textRanking(source?: ModelSource, options?: LoadOptions): Promise<TextRanking> {
  const encoder = await CrossEncoder.load(source, options);

  async function rank(input: TextRankingInput, call: { topK?: number; signal?: AbortSignal } = {}) {
    checkOptions(call);
    const { query, documents } = input ?? {};
    const ranked = await encoder.rank(query, documents, { ...call, returnDocuments: true });
    return ranked.map(({ corpus_id, score, text }) => ({ corpus_id, score, text: text! }));
  }
  return Object.assign(rank, { dispose: () => encoder.dispose() });
}
