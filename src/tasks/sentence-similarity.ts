/**
 * sentence-similarity: how similar each sentence is to a source sentence, by the model's similarity function (cosine, where it names none).
 */

import { ConfigError } from "../errors.ts";
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

  async function compare(input: SentenceSimilarityInput, { signal }: { signal?: AbortSignal } = {}): Promise<number[]> {
    const { sourceSentence, sentences } = input ?? {};
    if (typeof sourceSentence !== "string" || !Array.isArray(sentences)) {
      throw new ConfigError("sentence-similarity: expected { sourceSentence, sentences }, a string and a list of strings");
    }
    const wrong = (sentences as readonly unknown[]).findIndex((sentence) => typeof sentence !== "string");
    if (wrong >= 0) throw new ConfigError(`sentence-similarity: expected sentence ${wrong} to be a string, got ${typeof sentences[wrong]}`);
    const [sought, ...others] = await encoder.encode([sourceSentence, ...sentences], signal ? { signal } : {});
    return Array.from(encoder.similarity([sought!], others)[0]!);
  }
  return Object.assign(compare, { dispose: () => encoder.dispose() });
}
