/**
 * sentence-similarity: how similar each sentence is to a source sentence, by the model's similarity function (cosine, where it names none).
 */

import { checkOptions, checkString, checkStrings } from "../checks.ts";
import type { LoadOptions, ModelSource } from "../files/types.ts";
import { SentenceEncoder } from "./sentence-encoder.ts";

export interface SentenceSimilarityInput {
  sourceSentence: string;
  sentences: readonly string[];
}

export interface SentenceSimilarity {
  /** @returns a score for each sentence, in their order */
  (input: SentenceSimilarityInput, options?: { signal?: AbortSignal }): Promise<number[]>;
  dispose(): void;
}

export async function sentenceSimilarity(source?: ModelSource, options?: LoadOptions): Promise<SentenceSimilarity> {
  const encoder = await SentenceEncoder.load(source, options);

  async function compare(input: SentenceSimilarityInput, call: { signal?: AbortSignal } = {}): Promise<number[]> {
    const { signal } = checkOptions(call);
    const { sourceSentence, sentences } = input ?? {};
    checkString(sourceSentence, "sourceSentence");
    checkStrings(sentences, "sentences");
    const [sought, ...others] = await encoder.encode([sourceSentence, ...sentences], signal ? { signal } : {});
    return Array.from(encoder.similarity([sought!], others)[0]!);
  }
  return Object.assign(compare, { dispose: () => encoder.dispose() });
}
