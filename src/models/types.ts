/**
 * The engine's public face: what a model takes and gives. Everything is per text: index i is text i of the batch.
 */

import type { LoadOptions } from "../files/types.ts";
import type { Tensor } from "../tensor/shape.ts";

/** Token ids of one text (an Encoding fits). Without typeIds all tokens have type 0. */
export interface ModelInput {
  ids: readonly number[];
  typeIds?: readonly number[];
}

export interface ForwardOptions {
  hiddenStates?: boolean;
  attentions?: boolean;
  /** Multiple choice: inputs per example; without it the whole batch is one example. */
  choices?: number;
  signal?: AbortSignal;
  /** For heads that work on every token: the positions of each text whose logits are wanted (a masked LM's [MASK]s); all when absent. */
  rows?: readonly (readonly number[])[];
}

export interface ModelOutput {
  lastHiddenState: Tensor<"S C">[];
  /** The architecture's pooler output, where it has one. */
  pooled?: Tensor<"C">[];
  /** Sequence classification [K]; token classification [S K]; masked LM [S V]; next sentence [2]; ELECTRA's discriminator [S]; multiple choice: one [choices] an example. */
  logits?: Tensor[];
  startLogits?: Tensor<"S">[];
  endLogits?: Tensor<"S">[];
  /** [2], pre-training models (their `logits` are the masked LM's). */
  seqRelationshipLogits?: Tensor[];
  /** [l][i], l = 0 is the embedding output, l = L the last layer. */
  hiddenStates?: Tensor<"S C">[][];
  /** [l][i], after softmax. */
  attentions?: Tensor<"H S S">[][];
}

export interface Model {
  /** config.json's, e.g. "BertForSequenceClassification". */
  readonly architecture: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly device: string;
  /** Why it runs on this device, in a sentence: what was asked for, measured, or could not run. (Static embeddings have none.) */
  readonly deviceReason?: string | undefined;
  readonly dtype: "f32" | "w8";
  /** Known names of the file that this model does not use (another head, a pooler, buffers). */
  readonly unusedTensors: readonly string[];
  forward(batch: readonly ModelInput[], options?: ForwardOptions): Promise<ModelOutput>;
  /** Frees the model; calls that wait are rejected. */
  dispose(): void;
  /** The same, for `using model = await loadModel()`, where the runtime has Symbol.dispose (using.ts). */
  [Symbol.dispose](): void;
}

declare global {
  /** As @types/node and TypeScript's "esnext.disposable" declare it, for programs that are checked with neither. */
  interface SymbolConstructor {
    readonly dispose: unique symbol;
  }
}

export interface ModelOptions extends LoadOptions {
  /** Overrides config.json's `architectures`: "BertModel" uses only the encoder of a classifier, "Model" says that of any family. */
  architecture?: string;
}
