/**
 * From the dense arrays of the passes to one Tensor a text. Each Tensor owns its data: keeping one keeps nothing else alive.
 */

import { check, checkInteger } from "../checks.ts";
import type { TokenBatch } from "../layers/tokens.ts";
import { type Tensor, tensor } from "../tensor/shape.ts";
import type { ModelParts, PassResult } from "./pass.ts";
import type { ForwardOptions, ModelOutput } from "./types.ts";

/** The output of an empty batch: the fields that this model and these options will fill. */
export function emptyOutput({ heads, pooler }: ModelParts, { hiddenStates, attentions }: ForwardOptions): ModelOutput {
  return {
    lastHiddenState: [],
    ...(pooler && { pooled: [] }),
    ...Object.fromEntries(heads.flatMap(({ fields }) => fields).map((field) => [field, []])),
    ...(hiddenStates && { hiddenStates: [] }),
    ...(attentions && { attentions: [] }),
  };
}

/** Appends the texts of one pass. `rowCounts` says how many token positions of each text the caller chose, where it chose. */
export function appendPass(
  output: ModelOutput,
  parts: ModelParts,
  { sequences }: TokenBatch,
  result: PassResult,
  rowCounts?: number[],
): void {
  const { C, H } = parts.encoder.sizes;
  const { B } = sequences;
  const lengths = Array.from({ length: B }, (_, b) => sequences.lengthOf(b));
  const states = (x: Float32Array) => perText(x, lengths, C, "S C");
  append(output.lastHiddenState, states(result.hidden));
  if (result.pooled) append(output.pooled, perSequence(result.pooled, B, C, "C"));
  parts.heads.forEach((head, i) => {
    head.append(output, result.heads[i]!, rowCounts ?? lengths);
  });
  appendLayers(output.hiddenStates, result.hiddenStates.map(states));
  const matrices = (mats: readonly Float32Array[]) => mats.map((x, b) => tensor("H S S", [H, lengths[b]!, lengths[b]!], x));
  appendLayers(output.attentions, result.attentions.map(matrices));
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
  checkInteger(choices, "choices");
  check(B % choices === 0, "choices", `a divisor of the ${B} inputs of the batch`, choices);
}

/** x [T, cols] cut into one [S, cols] a text. */
export function perText<Axes extends string>(x: Float32Array, lengths: readonly number[], cols: number, axes: Axes): Tensor<Axes>[] {
  if (lengths.length === 1) return [tensor(axes, [lengths[0]!, cols], x)]; // nothing else in the array: no copy
  let end = 0;
  return lengths.map((S) => {
    const start = end;
    end = start + S * cols;
    return tensor(axes, [S, cols], x.slice(start, end));
  });
}

/** x [B, cols] cut into one [cols] a text. */
export function perSequence<Axes extends string>(x: Float32Array, B: number, cols: number, axes: Axes): Tensor<Axes>[] {
  return Array.from({ length: B }, (_, b) => tensor(axes, [cols], x.slice(b * cols, (b + 1) * cols)));
}

export function append<T>(list: T[] | undefined, more: readonly T[]): void {
  for (const item of more) list?.push(item);
}

function appendLayers<T>(layers: T[][] | undefined, more: readonly (readonly T[])[]): void {
  more.forEach((items, l) => {
    if (layers && layers.length <= l) layers.push([]);
    append(layers?.[l], items);
  });
}
