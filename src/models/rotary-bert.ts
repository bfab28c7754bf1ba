/**
 * BERT with rotary positions and gated feed-forward, post-norm: NomicBERT (Nussbaum et al. 2024, https://arxiv.org/abs/2402.01613)
 * and GTE v1.5 / mGTE (Zhang et al. 2024, https://arxiv.org/abs/2407.19669).
 *
 *   x0 = layerNorm(word[id] + type[typeId])
 *   a  = layerNorm(x + attention(x)),   y = layerNorm(a + gatedFeedForward(a))
 *
 * The two differ in names, biases and in which half of the feed-forward is the gate: rows of data below.
 */

import { type EmbeddingNames, Embeddings } from "../layers/embeddings.ts";
import { GatedFeedForward, type GatedFeedForwardNames } from "../layers/gated-feed-forward.ts";
import { loadNorm } from "../layers/layer-norm.ts";
import { finishPostNorm, type PostNormBlock } from "../layers/post-norm-block.ts";
import { RotaryAttention, type RotaryAttentionNames, rotaryTables } from "../layers/rotary-attention.ts";
import type { TokenBatch } from "../layers/tokens.ts";
import type { Weights } from "../layers/weights.ts";
import { activationOf } from "../tensor/activations.ts";
import type { Backend } from "../tensor/backend.ts";
import type { Mat } from "../tensor/mat.ts";
import type { Config } from "./config.ts";
import type { Encoder, EncoderSizes, Taps } from "./encoder.ts";
import { rotaryTheta } from "./rotary-config.ts";
import { runBlocks } from "./schedule.ts";

interface RotaryBertDialect {
  readonly embeddings: EmbeddingNames;
  readonly layer: (l: number) => string;
  readonly attention: RotaryAttentionNames & { readonly bias: boolean };
  readonly attentionNorm: string;
  readonly feedForward: GatedFeedForwardNames & { readonly downBias: boolean };
  readonly outputNorm: string;
  /** hidden_act and theta where config.json is silent. */
  readonly activation: string;
  readonly theta: number;
  readonly types: number;
}

export const NOMIC_BERT: RotaryBertDialect = {
  embeddings: { words: "embeddings.word_embeddings", types: "embeddings.token_type_embeddings", norm: "emb_ln" },
  layer: (l) => `encoder.layers.${l}`,
  attention: { qkv: "attn.Wqkv", output: "attn.out_proj", bias: false },
  attentionNorm: "norm1",
  feedForward: { inner: ["mlp.fc11", "mlp.fc12"], down: "mlp.fc2", gate: "second", downBias: false },
  outputNorm: "norm2",
  activation: "silu",
  theta: 1000,
  types: 2,
};

export const GTE: RotaryBertDialect = {
  embeddings: { words: "embeddings.word_embeddings", types: "embeddings.token_type_embeddings", norm: "embeddings.LayerNorm" },
  layer: (l) => `encoder.layer.${l}`,
  attention: { qkv: "attention.qkv_proj", output: "attention.o_proj", bias: true },
  attentionNorm: "attn_ln",
  feedForward: { inner: "mlp.up_gate_proj", down: "mlp.down_proj", gate: "second", downBias: true },
  outputNorm: "mlp_ln",
  activation: "gelu",
  theta: 160_000,
  types: 1,
};

type Block = PostNormBlock<RotaryAttention>;

export class RotaryBertEncoder implements Encoder {
  readonly sizes: EncoderSizes;
  readonly #embeddings: Embeddings;
  readonly #blocks: readonly Block[];

  private constructor(sizes: EncoderSizes, embeddings: Embeddings, blocks: readonly Block[]) {
    this.sizes = sizes;
    this.#embeddings = embeddings;
    this.#blocks = blocks;
  }

  static async load(weights: Weights, config: Config, dialect: RotaryBertDialect): Promise<RotaryBertEncoder> {
    const C = config.integer(["hidden_size", "n_embd"]);
    const H = config.integer(["num_attention_heads", "n_head"]);
    const F = config.integer(["intermediate_size", "n_inner"]);
    const L = config.integer(["num_hidden_layers", "n_layer"], { min: 0 });
    const V = config.integer("vocab_size");
    const P = config.integer(["max_position_embeddings", "n_positions"]);
    const eps = config.positive(["layer_norm_eps", "layer_norm_epsilon"], { fallback: 1e-12 });
    const typeCount = config.integer("type_vocab_size", { fallback: dialect.types, min: 0 });
    const activation = activationOf(config.text("hidden_act", { fallback: dialect.activation }));
    if (C % (2 * H) !== 0) throw config.mismatch(["hidden_size", "n_embd"], `a multiple of twice the ${H} attention heads`);
    if (config.integer("head_dim", { fallback: C / H }) !== C / H) throw config.mismatch("head_dim", `hidden_size / heads = ${C / H}`);
    if (!activation) throw config.mismatch("hidden_act", "an activation function");

    const tables = rotaryTables(weights.backend, P, C / H, rotaryTheta(config, ["rope_theta", "rotary_emb_base"], dialect.theta));
    const loadBlock = async (l: number): Promise<Block> => {
      const at = weights.at(dialect.layer(l));
      return {
        attention: await RotaryAttention.load(at, dialect.attention, { C, H, bias: dialect.attention.bias, tables }),
        attentionNorm: await loadNorm(at.at(dialect.attentionNorm), C, eps),
        feedForward: await GatedFeedForward.load(at, dialect.feedForward, { ...dialect.feedForward, C, F, activation, innerBias: false }),
        outputNorm: await loadNorm(at.at(dialect.outputNorm), C, eps),
      };
    };
    const [embeddings, ...blocks] = await weights.all([
      () => Embeddings.load(weights, dialect.embeddings, { V, P, E: C, C, typeCount, eps }),
      ...Array.from({ length: L }, (_, l) => () => loadBlock(l)),
    ]);
    return new RotaryBertEncoder({ V, C, E: C, H, L, maxLength: P, typeCount, words: dialect.embeddings.words }, embeddings, blocks);
  }

  forward(backend: Backend, batch: TokenBatch, taps: Taps): Mat {
    const { C } = this.sizes;
    const { sequences } = batch;
    const positions = sequences.positions();
    const { last, states } = runBlocks(backend, batch, taps, this.sizes, this.#blocks, (T) => {
      const buffers = RotaryAttention.alloc(backend, T, C);
      const context = backend.alloc(T, C);
      return {
        embed: (x, rows) => this.#embeddings.forward(backend, x, batch, positions, rows),
        enter: (block, x, rows) => block?.attention.projectIn(backend, buffers, x, positions, rows),
        attend: ({ attention }, probs) => attention.attend(backend, context, buffers, sequences, probs),
        leave: (block, out, x, rows) => finishPostNorm(backend, block, out, x, context.slice(rows)),
      };
    });
    taps.hiddenStates?.push(...states);
    return last;
  }
}
