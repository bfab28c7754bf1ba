/**
 * From the dense arrays of the passes to one Tensor a text. Each Tensor owns its data: keeping one keeps nothing else alive.
 */

import { ConfigError } from "../errors.ts";
import type { TokenBatch } from "../layers/tokens.ts";
import { type Tensor, tensor } from "../tensor/shape.ts";
import type { LoadedHead } from "./heads.ts";
import type { PassResult } from "./pass.ts";
import type { ModelOutput } from "./types.ts";

/** What the result of a pass needs besides its arrays. */
export interface OutputShape {
  readonly C: number;
  readonly H: number;
  readonly heads: readonly LoadedHead[];
}

/** Appends the texts of one pass to `output`. `rowsOf` gives the wanted token positions of each text of the pass, where the caller chose some. */
export function appendPass(
  output: ModelOutput,
  { heads, C, H }: OutputShape,
  { sequences }: TokenBatch,
  result: PassResult,
  rowCounts?: readonly number[],
): void {
  const { B } = sequences;
  const lengths = Array.from({ length: B }, (_, b) => sequences.lengthOf(b));
  const hiddenPerText = (x: Float32Array) => perText(x, lengths, C) as Tensor<"S C">[];
  output.lastHiddenState.push(...hiddenPerText(result.hidden));
  if (result.pooled) (output.pooled ??= []).push(...(perSequence(result.pooled, B, "C", C) as Tensor<"C">[]));
  heads.forEach(({ row, layer }, i) => {
    const data = result.heads[i]!;
    const isPerToken = row.input === "tokens";
    const tensors = isPerToken
      ? perText(data, rowCounts ?? lengths, layer.K, row.out.size === "vocabulary" ? "S V" : "S K")
      : perSequence(data, B, "K", layer.K);
    if (row.output === "span") {
      (output.startLogits ??= []).push(...tensors.map((x) => column(x, 0)));
      (output.endLogits ??= []).push(...tensors.map((x) => column(x, 1)));
    } else if (row.output === "seqRelationship") (output.seqRelationshipLogits ??= []).push(...tensors);
    else (output.logits ??= []).push(...(row.isScalar ? tensors.map((x) => column(x, 0)) : tensors));
  });
  if (result.hiddenStates.length > 0) appendLayers((output.hiddenStates ??= []), result.hiddenStates.map(hiddenPerText));
  if (result.attentions.length > 0) {
    const perLayer = result.attentions.map((mats) => mats.map((data, b) => tensor("H S S", [H, lengths[b]!, lengths[b]!], data)));
    appendLayers((output.attentions ??= []), perLayer);
  }
}

/** Multiple choice: the logits of `choices` neighbouring inputs are one example's. */
export function groupChoices(logits: readonly Tensor[], choices: number): Tensor[] {
  const groups: Tensor[] = [];
  for (let i = 0; i < logits.length; i += choices) {
    const data = Float32Array.from(logits.slice(i, i + choices), (x) => x.data[0]!);
    groups.push(tensor("K", [choices], data));
  }
  return groups;
}

/** @throws ConfigError unless the batch divides into examples of `choices` inputs */
export function checkChoices(choices: number, B: number): void {
  if (!Number.isInteger(choices) || choices < 1 || B % choices !== 0) {
    throw new ConfigError(`forward: expected choices to be a whole number that divides the batch of ${B} inputs, found ${choices}`);
  }
}

function perText(x: Float32Array, lengths: readonly number[], cols: number, axes = "S C"): Tensor[] {
  let start = 0;
  return lengths.map((S) => tensor(axes, [S, cols], x.slice(start, (start += S * cols))));
}

function perSequence(x: Float32Array, B: number, axes: string, cols: number): Tensor[] {
  return Array.from({ length: B }, (_, b) => tensor(axes, [cols], x.slice(b * cols, (b + 1) * cols)));
}

/** Column k of [S, K] as [S]. */
function column({ shape, data }: Tensor, k: number): Tensor<"S"> {
  const K = shape[1]!;
  return tensor(
    "S",
    [shape[0]!],
    Float32Array.from({ length: shape[0]! }, (_, s) => data[s * K + k]!),
  );
}

function appendLayers<T>(layers: T[][], more: readonly (readonly T[])[]): void {
  more.forEach((tensors, l) => (layers[l] ??= []).push(...tensors));
}
