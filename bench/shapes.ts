/** Shapes of real models, as data: what the kernels of the microbenchmarks are run on. */

export interface ModelShape {
  /** Channels, feed-forward size, attention heads. */
  readonly C: number;
  readonly F: number;
  readonly H: number;
}

export const MODELS: Readonly<Record<string, ModelShape>> = {
  minilm: { C: 384, F: 1536, H: 12 },
  "bert-base": { C: 768, F: 3072, H: 12 },
  tinybert: { C: 312, F: 1200, H: 12 },
};

/** Tokens of a pass. */
export const TOKENS = [8, 32, 128] as const;
