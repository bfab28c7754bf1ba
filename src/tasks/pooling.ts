/**
 * sentence-transformers' Pooling module: the tokens of a sequence become one vector, several modes side by side.
 *
 *   cls  the first token      lasttoken  the last      max  the largest value of each channel
 *   mean  Σ x_t / S           mean_sqrt_len_tokens  Σ x_t / sqrt(S)           weightedmean  Σ t x_t / Σ t, t = 1 .. S
 *
 * With include_prompt false the tokens of the prompt (and the token before it) are left out; weightedmean keeps the positions t of the rest.
 * Configurations come in two spellings: `pooling_mode` (a string or list), and one `pooling_mode_...` flag a mode.
 */

import { checkOneOf } from "../checks.ts";
import type { JsonObject } from "../fields.ts";
import type { Backend, PoolMode } from "../tensor/backend.ts";
import type { Mat } from "../tensor/mat.ts";
import { Sequences } from "../tensor/sequences.ts";

export type PoolingMode = "cls" | "max" | "mean" | "mean_sqrt_len_tokens" | "weightedmean" | "lasttoken";

export interface Pooling {
  /** Concatenated in this order. */
  readonly modes: readonly PoolingMode[];
  readonly includePrompt: boolean;
}

/** The old flags, in the order in which their results are concatenated. */
const FLAGS: readonly (readonly [flag: string, mode: PoolingMode])[] = [
  ["pooling_mode_cls_token", "cls"],
  ["pooling_mode_max_tokens", "max"],
  ["pooling_mode_mean_tokens", "mean"],
  ["pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens"],
  ["pooling_mode_weightedmean_tokens", "weightedmean"],
  ["pooling_mode_lasttoken", "lasttoken"],
];
const MODES: readonly string[] = FLAGS.map(([, mode]) => mode);

const BACKEND_MODES: Readonly<Partial<Record<PoolingMode, PoolMode>>> = {
  max: "max",
  mean: "mean",
  mean_sqrt_len_tokens: "meanSqrtLen",
  weightedmean: "weightedMean",
};

export const MEAN_POOLING: Pooling = { modes: ["mean"], includePrompt: true };

/** @param label where the configuration was read, for errors */
export function poolingOf(config: JsonObject, label: string): Pooling {
  const named = config.pooling_mode;
  const flagged = FLAGS.filter(([flag]) => config[flag] === true).map(([, mode]) => mode);
  const modes = named === undefined ? (flagged.length > 0 ? flagged : ["mean"]) : Array.isArray(named) ? named : [named];
  for (const mode of modes) checkOneOf(mode, `pooling mode of ${label}`, MODES);
  return { modes: modes as PoolingMode[], includePrompt: config.include_prompt !== false };
}

/**
 * Inside a pass.
 * @param hidden [T, C]
 * @param promptTokens tokens at the start of every sequence to leave out
 * @returns [B, C * modes]
 */
export function pool(backend: Backend, hidden: Mat, sequences: Sequences, modes: readonly PoolingMode[], promptTokens = 0): Mat {
  const { B } = sequences;
  const C = hidden.cols;
  const { x, kept } = promptTokens > 0 ? withoutPrompt(backend, hidden, sequences, promptTokens) : { x: hidden, kept: sequences };
  const out = backend.alloc(B, C * modes.length);
  modes.forEach((mode, m) => {
    const part = out.columns(m * C, C);
    const poolMode = BACKEND_MODES[mode];
    if (poolMode === undefined) backend.take(part, x, mode === "cls" ? kept.firstRows() : kept.lastRows());
    else if (mode === "weightedmean" && promptTokens > 0) weightedMeanFrom(backend, part, x, kept, promptTokens);
    else backend.pool(part, x, kept, poolMode);
  });
  return out;
}

/** The tokens after the prompt; a text that truncation left nothing else of becomes one zero row. */
function withoutPrompt(backend: Backend, hidden: Mat, sequences: Sequences, promptTokens: number): { x: Mat; kept: Sequences } {
  const rows: number[] = [];
  const lengths: number[] = [];
  for (let b = 0; b < sequences.B; b++) {
    const { first, count } = sequences.rowsOf(b);
    const before = rows.length;
    for (let t = promptTokens; t < count; t++) rows.push(first + t);
    if (rows.length === before) rows.push(-1);
    lengths.push(rows.length - before);
  }
  const x = backend.alloc(rows.length, hidden.cols);
  backend.take(x, hidden, Int32Array.from(rows));
  return { x, kept: new Sequences(lengths) };
}

/**
 * Weights p + 1 .. p + S instead of 1 .. S, from the two poolings there are:
 *
 *   Σ (p + t) x_t / Σ (p + t) = (p S · mean + S (S + 1) / 2 · weightedMean) / (p S + S (S + 1) / 2)
 */
function weightedMeanFrom(backend: Backend, out: Mat, x: Mat, sequences: Sequences, p: number): void {
  const { B } = sequences;
  const [mean, weighted, scaledMean, scaledWeighted] = [0, 1, 2, 3].map(() => backend.alloc(B, out.cols)) as [Mat, Mat, Mat, Mat];
  backend.pool(mean, x, sequences, "mean");
  backend.pool(weighted, x, sequences, "weightedMean");
  for (let b = 0; b < B; b++) {
    const row = { first: b, count: 1 };
    const S = sequences.lengthOf(b);
    const triangle = (S * (S + 1)) / 2;
    backend.scale(scaledMean.slice(row), mean.slice(row), (p * S) / (p * S + triangle));
    backend.scale(scaledWeighted.slice(row), weighted.slice(row), triangle / (p * S + triangle));
  }
  backend.add(out, scaledMean, scaledWeighted);
}
