/**
 * What the worked examples of docs/tour.md share: the sentence, the embedded MiniLM, and its tensors as plain numbers.
 *
 * An example computes one step by hand, in float64 loops that a reader can follow, and prints it beside what the engine computed.
 * Weights are int8 with a scale a row: floats() multiplies them out.
 */
import { readFileSync } from "node:fs";
import { type Encoding, loadModel, type ModelOutput, parseSafetensors, Tokenizer } from "../../src/index.ts";
import type { Backend } from "../../src/tensor/backend.ts";
import type { BackendDevice } from "../../src/tensor/device.ts";

export const SENTENCE = "A hummingbird drank from the flower because it was thirsty.";

/** Channels, heads, channels of a head. */
export const C = 384;
export const H = 12;
export const D = C / H;

const folder = new URL("../../weights/all-MiniLM-L6-v2/", import.meta.url);

export interface Run {
  readonly encoding: Encoding;
  readonly output: ModelOutput;
}

/** The sentence through tokenizer and model, with every hidden state and attention map. One thread, so that nothing but the arithmetic matters. */
export async function run(text = SENTENCE): Promise<Run> {
  const encoding = (await Tokenizer.load()).encode(text);
  const model = await loadModel(undefined, { threads: 1 });
  const output = await model.forward([encoding], { hiddenStates: true, attentions: true });
  model.dispose();
  return { encoding, output };
}

/** One pass over the sentence on a backend of the caller's, which stays alive: a trace has its records then. */
export async function runOn<B extends Backend>(backend: B): Promise<B> {
  const device: BackendDevice = { name: backend.name, createBackend: async () => backend };
  const model = await loadModel(undefined, { device });
  await model.forward([(await Tokenizer.load()).encode(SENTENCE)]);
  return backend;
}

/** Reads tensors of the checkpoint by name as f32 values, row by row. */
export function openWeights(): (name: string) => Promise<Float32Array> {
  const file = parseSafetensors(readFileSync(new URL("model.safetensors", folder)));
  return async (name) => {
    const values = await file.floats(name);
    const scaleName = `${name}_scale`;
    if (!file.tensors.has(scaleName)) return values;
    const scale = await file.floats(scaleName);
    const K = values.length / scale.length;
    return values.map((q, i) => q * scale[Math.floor(i / K)]!);
  };
}

/** y = x Wᵀ + b for one row x; W is [N, K] row-major. */
export function linear(x: ArrayLike<number>, weight: Float32Array, bias: Float32Array): number[] {
  const K = x.length;
  return Array.from(bias, (b, n) => {
    let sum = b;
    for (let k = 0; k < K; k++) sum += x[k]! * weight[n * K + k]!;
    return sum;
  });
}

/** (x - mean) / sqrt(variance + eps) * gamma + beta, and the two statistics. */
export function layerNorm(x: ArrayLike<number>, gamma: Float32Array, beta: Float32Array, eps = 1e-12) {
  const values = Array.from(x);
  const mean = values.reduce((a, b) => a + b) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  const y = values.map((value, c) => ((value - mean) / Math.sqrt(variance + eps)) * gamma[c]! + beta[c]!);
  return { mean, variance, y };
}

/** Row i of a [rows, C] result. */
export function rowOf(data: Float32Array, i: number, width = C): Float32Array {
  return data.subarray(i * width, (i + 1) * width);
}

/** The first numbers of a row, three decimals. */
export function head(x: ArrayLike<number>, count = 4): string {
  return `[${Array.from({ length: count }, (_, i) => x[i]!.toFixed(3).padStart(6)).join(", ")}, ...]`;
}
