/** Models of known shapes with random weights, as files in memory: what a pass costs depends on the shape only. */
import { serializeSafetensors } from "../src/safetensors/index.ts";
import type { DType } from "../src/safetensors/types.ts";

/** C hidden, L layers, H heads, F feed-forward; the family decides the names of the tensors. */
interface Shape {
  readonly family: "bert" | "distilbert";
  readonly C: number;
  readonly L: number;
  readonly H: number;
  readonly F: number;
}

export const shapes: Readonly<Record<string, Shape>> = {
  "minilm-l6": { family: "bert", C: 384, L: 6, H: 12, F: 1536 },
  "bert-base": { family: "bert", C: 768, L: 12, H: 12, F: 3072 },
  distilbert: { family: "distilbert", C: 768, L: 6, H: 12, F: 3072 },
  "tinybert-4": { family: "bert", C: 312, L: 4, H: 12, F: 1200 },
  "tinybert-6": { family: "bert", C: 768, L: 6, H: 12, F: 3072 },
  "minilm-l12": { family: "bert", C: 384, L: 12, H: 12, F: 1536 },
};

const V = 30522;
const P = 512;

export function randomModel(name: string): Map<string, Uint8Array> {
  const { family, C, L, H, F } = shapes[name]!;
  const tensors = new Map<string, { dtype: DType; shape: readonly number[]; data: Uint8Array }>();
  let state = 1;
  const add = (tensor: string, shape: readonly number[], spread: number, mean = 0) => {
    const values = new Float32Array(shape.reduce((size, length) => size * length, 1));
    for (let i = 0; i < values.length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      values[i] = mean + (state / 2 ** 31 - 1) * spread;
    }
    tensors.set(tensor, { dtype: "F32", shape, data: new Uint8Array(values.buffer) });
  };
  const linear = (prefix: string, rows: number, cols: number) => {
    add(`${prefix}.weight`, [rows, cols], 1.7 / Math.sqrt(cols));
    add(`${prefix}.bias`, [rows], 0.1);
  };
  const norm = (prefix: string) => {
    add(`${prefix}.weight`, [C], 0.1, 1);
    add(`${prefix}.bias`, [C], 0.1);
  };
  add("embeddings.word_embeddings.weight", [V, C], 0.1);
  add("embeddings.position_embeddings.weight", [P, C], 0.1);
  if (family === "bert") add("embeddings.token_type_embeddings.weight", [2, C], 0.1);
  norm("embeddings.LayerNorm");
  for (let l = 0; l < L; l++) {
    const layer = family === "bert" ? `encoder.layer.${l}` : `transformer.layer.${l}`;
    const names =
      family === "bert"
        ? [
            "attention.self.query",
            "attention.self.key",
            "attention.self.value",
            "attention.output.dense",
            "intermediate.dense",
            "output.dense",
          ]
        : ["attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin", "ffn.lin1", "ffn.lin2"];
    for (const [i, part] of names.entries()) linear(`${layer}.${part}`, i === 4 ? F : C, i === 5 ? F : C);
    for (const part of family === "bert" ? ["attention.output.LayerNorm", "output.LayerNorm"] : ["sa_layer_norm", "output_layer_norm"]) {
      norm(`${layer}.${part}`);
    }
  }
  const config =
    family === "bert"
      ? {
          model_type: "bert",
          architectures: ["BertModel"],
          vocab_size: V,
          hidden_size: C,
          num_hidden_layers: L,
          num_attention_heads: H,
          intermediate_size: F,
          hidden_act: "gelu",
          max_position_embeddings: P,
          type_vocab_size: 2,
          layer_norm_eps: 1e-12,
        }
      : {
          model_type: "distilbert",
          architectures: ["DistilBertModel"],
          vocab_size: V,
          dim: C,
          n_layers: L,
          n_heads: H,
          hidden_dim: F,
          activation: "gelu",
          max_position_embeddings: P,
        };
  return new Map([
    ["config.json", new TextEncoder().encode(JSON.stringify(config))],
    ["model.safetensors", serializeSafetensors(tensors)],
  ]);
}
