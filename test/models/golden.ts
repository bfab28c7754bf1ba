/**
 * The golden folders of ../shared/data/golden/tiny and bert-variants: float64 outputs of PyTorch for five texts, alone and as one padded batch,
 * and for each output the error that PyTorch's own float32 run has. A test may differ from the golden by a few of those errors.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FolderFiles } from "../../src/files/folder.ts";
import type { ModelFiles } from "../../src/files/types.ts";
import { loadModelFromFiles } from "../../src/models/load.ts";
import { quantizeModel } from "../../src/models/quantize.ts";
import type { Model, ModelInput, ModelOutput } from "../../src/models/types.ts";
import { parseSafetensors } from "../../src/safetensors/index.ts";
import type { Safetensors } from "../../src/safetensors/types.ts";

/** Our f32 may err by this many times PyTorch's largest f32 error in the same output (the project's rule for the real model, too). */
export const ERROR_FACTOR = 3;

export interface Golden {
  readonly className: string;
  /** name -> largest |f32 - f64| of PyTorch. */
  readonly f32Error: Readonly<Record<string, number>>;
  readonly texts: number;
  readonly tensors: Safetensors;
}

export function readGolden(folder: string): Golden {
  const json = JSON.parse(readFileSync(join(folder, "golden.json"), "utf8"));
  const tensors = parseSafetensors(new Uint8Array(readFileSync(join(folder, "golden.safetensors"))));
  return { className: json.class, f32Error: json.f32_max_abs_err, texts: json.texts.length, tensors };
}

/** The tokens of `single.<i>` (or another run): one input a row. */
export async function goldenInputs({ tensors }: Golden, run: string): Promise<ModelInput[]> {
  const shape = tensors.tensors.get(`${run}.input_ids`)!.shape;
  const [B, S] = [shape.slice(0, -1).reduce((a, b) => a * b, 1), shape.at(-1)!];
  const ids = await tensors.floats(`${run}.input_ids`);
  const typeName = `${run}.token_type_ids`;
  const types = tensors.tensors.has(typeName) ? await tensors.floats(typeName) : undefined;
  const maskName = `${run}.attention_mask`;
  const mask = tensors.tensors.has(maskName) ? await tensors.floats(maskName) : undefined;
  return Array.from({ length: B }, (_, b) => {
    const keep = (x: Float32Array) => [...x.subarray(b * S, (b + 1) * S)].filter((_value, s) => mask?.[b * S + s] !== 0);
    return { ids: keep(ids), ...(types && { typeIds: keep(types) }) };
  });
}

/** Our outputs under the golden's names, text by text. */
export function namedOutputs(output: ModelOutput, i: number, className: string): Map<string, Float32Array> {
  const named = new Map<string, Float32Array>();
  const put = (name: string, x: { data: Float32Array } | undefined): void => {
    if (x) named.set(name, x.data);
  };
  put("last_hidden_state", output.lastHiddenState[i]);
  put("pooler_output", output.pooled?.[i]);
  put(/BertForPreTraining$|AlbertForPreTraining$/.test(className) ? "prediction_logits" : "logits", output.logits?.[i]);
  put("seq_relationship_logits", output.seqRelationshipLogits?.[i]);
  put("start_logits", output.startLogits?.[i]);
  put("end_logits", output.endLogits?.[i]);
  for (const [l, layer] of output.hiddenStates?.entries() ?? []) put(`hidden_states.${l}`, layer[i]);
  for (const [l, layer] of output.attentions?.entries() ?? []) put(`attentions.${l}`, layer[i]);
  return named;
}

export function maxAbsDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`lengths differ: ${a.length} and ${b.length}`);
  let max = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    if (!(difference <= max)) max = difference; // NaN wins
  }
  return max;
}

export interface Difference {
  readonly output: string;
  readonly max: number;
  readonly allowed: number;
}

/** Runs every single text of the golden and gives the largest difference of each output. @throws Error when argmax or a sum of the logits is wrong */
export async function compareSingles(model: Model, golden: Golden): Promise<Difference[]> {
  const largest = new Map<string, number>();
  const names = [...golden.tensors.tensors.keys()];
  const wants = (part: string) => names.some((name) => name.includes(part));
  for (let i = 0; i < golden.texts; i++) {
    const inputs = await goldenInputs(golden, `single.${i}`);
    const output = await model.forward(inputs, { hiddenStates: wants("hidden_states."), attentions: wants("attentions.") });
    const ours = namedOutputs(output, 0, golden.className);
    for (const name of names.filter((entry) => entry.startsWith(`single.${i}.`) && golden.tensors.tensors.get(entry)!.dtype === "F32")) {
      const key = name.slice(`single.${i}.`.length);
      const output = key.replace(/\.at_rows$/, "");
      const expected = await golden.tensors.floats(name);
      const found = ours.get(output);
      if (!found) throw new Error(`${golden.className}: our outputs lack ${output}; they have ${[...ours.keys()]}`);
      const compared = key === output ? found : await atRows(golden, `single.${i}.${output}`, found);
      largest.set(output, Math.max(largest.get(output) ?? 0, maxAbsDifference(compared, expected)));
    }
  }
  return [...largest].map(([output, max]) => ({ output, max, allowed: ERROR_FACTOR * golden.f32Error[output]! }));
}

/** Wide logits are stored as some rows; the argmax and the sum of every row are there, too, and are checked here. */
async function atRows({ tensors, f32Error }: Golden, name: string, logits: Float32Array): Promise<Float32Array> {
  const argmax = await tensors.floats(`${name}.argmax`);
  const rowSum = await tensors.floats(`${name}.row_sum`);
  const S = argmax.length;
  const V = logits.length / S;
  for (let s = 0; s < S; s++) {
    const row = logits.subarray(s * V, (s + 1) * V);
    const best = row.reduce((best, value, v) => (value > row[best]! ? v : best), 0);
    const sum = row.reduce((total, value) => total + value, 0);
    if (best !== argmax[s]) throw new Error(`${name}: argmax of row ${s} is ${best}, expected ${argmax[s]}`);
    const allowed = V * ERROR_FACTOR * f32Error[name.replace(/^single\.\d+\./, "")]! + Math.abs(rowSum[s]!) * 2 ** -23;
    if (!(Math.abs(sum - rowSum[s]!) <= allowed)) throw new Error(`${name}: the sum of row ${s} is ${sum}, expected ${rowSum[s]}`);
  }
  const positions = await tensors.floats(`${name}.rows`); // pairs (text of the batch, position)
  const rows = new Float32Array((positions.length / 2) * V);
  for (let r = 0; r < positions.length / 2; r++)
    rows.set(logits.subarray(positions[2 * r + 1]! * V, (positions[2 * r + 1]! + 1) * V), r * V);
  return rows;
}

/** All texts in one ragged batch against each alone: the names of the outputs whose bits differ. */
export async function batchDifferences(model: Model, golden: Golden): Promise<string[]> {
  const inputs: ModelInput[][] = [];
  for (let i = 0; i < golden.texts; i++) inputs.push(await goldenInputs(golden, `single.${i}`));
  const choices = inputs[0]!.length;
  const batch = await model.forward(inputs.flat(), { hiddenStates: true, attentions: true, choices });
  const differing: string[] = [];
  for (const [i, input] of inputs.entries()) {
    const alone = namedOutputs(await model.forward(input, { hiddenStates: true, attentions: true, choices }), 0, golden.className);
    const together = namedOutputs(regroup(batch, choices), i, golden.className);
    for (const [name, data] of alone) {
      const other = together.get(name);
      const isSame = other?.length === data.length && data.every((value, k) => Object.is(value, other[k]));
      if (!isSame) differing.push(`${name} of text ${i}`);
    }
  }
  return differing;
}

/** Per-input outputs of a multiple choice batch as those of the first input of each example. */
function regroup(output: ModelOutput, choices: number): ModelOutput {
  if (choices === 1) return output;
  const firsts = <T>(list: readonly T[]) => list.filter((_item, i) => i % choices === 0);
  return {
    ...output,
    lastHiddenState: firsts(output.lastHiddenState),
    ...(output.pooled && { pooled: firsts(output.pooled) }),
    ...(output.hiddenStates && { hiddenStates: output.hiddenStates.map(firsts) }),
    ...(output.attentions && { attentions: output.attentions.map(firsts) }),
  };
}

/**
 * w8 against f32 with the same int8 weights differs by the rounding of activations to int16 alone: half a step of 1/32767 of the row's largest
 * value in each product, 1.5e-5 of it, times sqrt(K) <= 9 of a random sum, through 12 products one after another: 1.6e-3.
 */
export const W8_ACTIVATION_BOUND = 1.6e-3;

/**
 * The largest difference of w8 and the same int8 weights in f32, as a share of the largest value of the output.
 * @throws Error where quantising while loading and on disk differ in a bit, or a batch from its texts alone
 */
export async function w8Difference(files: ModelFiles, golden: Golden, device: "reference" | "loops" | "wasm"): Promise<number> {
  const { weights, config } = await quantizeModel(files);
  const folder = mkdtempSync(join(tmpdir(), "hummingbert-w8-"));
  writeFileSync(join(folder, "model.safetensors"), weights);
  writeFileSync(join(folder, "config.json"), config);
  const onDisk = new FolderFiles(folder);
  const w8 = await loadModelFromFiles(files, { device, dtype: "w8" });
  const fromDisk = await loadModelFromFiles(onDisk, { device, threads: 2 });
  const f32 = await loadModelFromFiles(onDisk, { device, dtype: "f32", threads: 2 });
  rmSync(folder, { recursive: true });
  const dtypes = [w8, fromDisk, f32].map(({ dtype }) => dtype).join();
  if (dtypes !== "w8,w8,f32") throw new Error(`expected the dtypes w8,w8,f32, found ${dtypes}`);
  const largest = new Map<string, { difference: number; value: number }>(); // by output, over all texts
  for (let i = 0; i < golden.texts; i++) {
    const inputs = await goldenInputs(golden, `single.${i}`);
    const outputs = async (model: Model) => namedOutputs(await model.forward(inputs), 0, golden.className);
    const [a, b, c] = [await outputs(w8), await outputs(fromDisk), await outputs(f32)];
    for (const [name, values] of a) {
      if (maxAbsDifference(values, b.get(name)!) !== 0) throw new Error(`${name} of text ${i}: w8 while loading and on disk differ`);
      const dequantized = c.get(name)!;
      const { difference, value } = largest.get(name) ?? { difference: 0, value: 0 };
      largest.set(name, {
        difference: Math.max(difference, maxAbsDifference(values, dequantized)),
        value: dequantized.reduce((max, x) => Math.max(max, Math.abs(x)), value),
      });
    }
  }
  const differing = await batchDifferences(w8, golden);
  if (differing.length > 0) throw new Error(`w8 in a batch differs from alone: ${differing.join(", ")}`);
  for (const model of [w8, fromDisk, f32]) model.dispose();
  return Math.max(...[...largest.values()].map(({ difference, value }) => difference / value));
}
