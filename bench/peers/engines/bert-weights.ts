/** A BERT checkpoint as plain arrays, for engines that have operations but no BERT: weights [in, out], query, key and value side by side. */
import { readFileSync } from "node:fs";
import { parseSafetensors } from "../../../src/safetensors/index.ts";

export interface Dense {
  /** [in, out], row-major. */
  readonly weight: Float32Array;
  readonly bias: Float32Array;
  readonly shape: readonly [number, number];
}
export interface Norm {
  readonly gamma: Float32Array;
  readonly beta: Float32Array;
}
export interface BertWeights {
  readonly C: number;
  readonly H: number;
  readonly eps: number;
  readonly words: Float32Array;
  readonly positions: Float32Array;
  /** Of token type 0. */
  readonly type: Float32Array;
  readonly norm: Norm;
  readonly layers: readonly { qkv: Dense; mix: Dense; mixNorm: Norm; up: Dense; down: Dense; norm: Norm }[];
}

export async function bertWeights(model: string): Promise<BertWeights> {
  const config = JSON.parse(readFileSync(`${model}/config.json`, "utf8"));
  const file = parseSafetensors(readFileSync(`${model}/model.safetensors`));
  const prefix = file.tensors.has("bert.embeddings.word_embeddings.weight") ? "bert." : "";
  const read = async (name: string) => {
    const values = await file.floats(prefix + name);
    if (!file.tensors.has(`${prefix}${name}_scale`)) return values;
    const scale = await file.floats(`${prefix}${name}_scale`); // int8 with a scale a row
    const cols = values.length / scale.length;
    return values.map((value, i) => value * scale[Math.floor(i / cols)]!);
  };
  const norm = async (name: string): Promise<Norm> => ({ gamma: await read(`${name}.weight`), beta: await read(`${name}.bias`) });
  const dense = async (...names: string[]): Promise<Dense> => {
    const biases = await Promise.all(names.map((name) => read(`${name}.bias`)));
    const weights = await Promise.all(names.map((name) => read(`${name}.weight`)));
    const outs = biases.reduce((sum, { length }) => sum + length, 0);
    const ins = weights[0]!.length / biases[0]!.length;
    const weight = new Float32Array(ins * outs);
    let first = 0;
    for (const [i, values] of weights.entries()) {
      const N = biases[i]!.length;
      for (let n = 0; n < N; n++) for (let k = 0; k < ins; k++) weight[k * outs + first + n] = values[n * ins + k]!;
      first += N;
    }
    return { weight, bias: Float32Array.from(biases.flatMap((bias) => [...bias])), shape: [ins, outs] };
  };
  const layers = [];
  for (let l = 0; l < config.num_hidden_layers; l++) {
    const p = `encoder.layer.${l}`;
    layers.push({
      qkv: await dense(...["query", "key", "value"].map((part) => `${p}.attention.self.${part}`)),
      mix: await dense(`${p}.attention.output.dense`),
      mixNorm: await norm(`${p}.attention.output.LayerNorm`),
      up: await dense(`${p}.intermediate.dense`),
      down: await dense(`${p}.output.dense`),
      norm: await norm(`${p}.output.LayerNorm`),
    });
  }
  const C = config.hidden_size;
  return {
    C,
    H: config.num_attention_heads,
    eps: config.layer_norm_eps,
    words: await read("embeddings.word_embeddings.weight"),
    positions: await read("embeddings.position_embeddings.weight"),
    type: (await read("embeddings.token_type_embeddings.weight")).subarray(0, C),
    norm: await norm("embeddings.LayerNorm"),
    layers,
  };
}

/** The sum of the three embeddings, [S, C]: the same plain loop for every engine. */
export function embedTokens({ words, positions, type, C }: BertWeights, ids: readonly number[]): Float32Array {
  const out = new Float32Array(ids.length * C);
  for (const [s, id] of ids.entries()) {
    for (let c = 0; c < C; c++) out[s * C + c] = words[id * C + c]! + positions[s * C + c]! + type[c]!;
  }
  return out;
}
