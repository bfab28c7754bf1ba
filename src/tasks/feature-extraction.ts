/**
 * feature-extraction: the last hidden state of each token, the features that a model's head would work on. No pooling: see SentenceEncoder for that.
 */

import { checkOptions, checkString } from "../checks.ts";
import type { LoadOptions, ModelSource } from "../files/types.ts";
import type { Tensor } from "../tensor/shape.ts";
import { forwardEach } from "./forward-each.ts";
import { openTask } from "./open-task.ts";
import { encodeWithin, type OnTruncate } from "./truncation.ts";

export interface FeatureExtractionOptions {
  signal?: AbortSignal;
  onTruncate?: OnTruncate;
}

export interface FeatureExtraction {
  (text: string, options?: FeatureExtractionOptions): Promise<Tensor<"S C">>;
  (texts: readonly string[], options?: FeatureExtractionOptions): Promise<Tensor<"S C">[]>;
  dispose(): void;
}

export async function featureExtraction(source?: ModelSource, options?: LoadOptions): Promise<FeatureExtraction> {
  const { model, tokenizer, maxLength, warnTruncated } = await openTask("feature-extraction", source, options);

  async function extract(texts: string | readonly string[], call: FeatureExtractionOptions = {}): Promise<unknown> {
    const { signal, onTruncate = warnTruncated } = checkOptions(call);
    const list = Array.isArray(texts) ? (texts as readonly unknown[]) : [texts];
    const encodings = list.map((text, i) => {
      checkString(text, `text ${i}`);
      return encodeWithin(tokenizer, { text }, i, { maxLength, onTruncate });
    });
    const features = await forwardEach(model, encodings, (output, at) => output.lastHiddenState[at]!, { signal });
    return Array.isArray(texts) ? features : features[0];
  }
  return Object.assign(extract, { dispose: () => model.dispose() }) as FeatureExtraction;
}
