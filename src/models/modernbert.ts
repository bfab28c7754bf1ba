/**
 * ModernBERT (Warner et al. 2024, https://arxiv.org/abs/2412.13663): pre-norm, no biases, rotary positions, GeGLU, local and global attention.
 *
 *   x0 = norm(word[id])
 *   a  = x + attention_l(norm(x)),   y = a + gatedFeedForward(norm(a))        (layer 0 has no norm before its attention)
 *   result = norm(x_L)
 *
 * Every third layer attends to the whole sequence, the others to |i - j| <= local_attention / 2 with a smaller rotary base.
 * hiddenStates are the outputs of the blocks; the last one is the result, after the final norm, as transformers gives it.
 */

import { GatedFeedForward } from "../layers/gated-feed-forward.ts";
import { loadNorm } from "../layers/layer-norm.ts";
import { RotaryAttention, type RotaryTables, rotaryTables } from "../layers/rotary-attention.ts";
import type { TokenBatch } from "../layers/tokens.ts";
import type { Weights } from "../layers/weights.ts";
import { activationOf } from "../tensor/activations.ts";
import type { Backend, Norm } from "../tensor/backend.ts";
import type { Mat, Rows } from "../tensor/mat.ts";
import type { Table } from "../tensor/weights.ts";
import type { Config } from "./config.ts";
import type { Encoder, EncoderSizes, Taps } from "./encoder.ts";
import { rotaryTheta } from "./rotary-config.ts";
import { runBlocks } from "./schedule.ts";

const WORDS = "embeddings.tok_embeddings";

type LayerType = "full_attention" | "sliding_attention";

interface Block {
  /** Absent in layer 0, whose input is normalised already. */
  readonly attentionNorm: Norm | undefined;
  readonly attention: RotaryAttention;
  readonly feedForwardNorm: Norm;
  readonly feedForward: GatedFeedForward;
}

interface Parts {
  readonly words: Table;
  readonly embeddingNorm: Norm;
  readonly blocks: readonly Block[];
  readonly finalNorm: Norm;
}

export class ModernBertEncoder implements Encoder {
  readonly sizes: EncoderSizes;
  readonly #parts: Parts;

  private constructor(sizes: EncoderSizes, parts: Parts) {
    this.sizes = sizes;
    this.#parts = parts;
  }

  static async load(weights: Weights, config: Config): Promise<ModernBertEncoder> {
    const C = config.integer("hidden_size");
    const H = config.integer("num_attention_heads");
    const F = config.integer("intermediate_size");
    const L = config.integer("num_hidden_layers", { min: 0 });
    const V = config.integer("vocab_size");
    const P = config.integer("max_position_embeddings");
    const eps = config.positive("norm_eps", { fallback: 1e-5 });
    const normBias = { bias: config.flag("norm_bias", false) };
    const mlpBias = config.flag("mlp_bias", false);
    const bias = config.flag("attention_bias", false);
    const activation = activationOf(config.text("hidden_activation", { fallback: "gelu" }));
    const window = Math.floor(config.integer("local_attention", { fallback: 128 }) / 2);
    if (C % (2 * H) !== 0) throw config.mismatch("hidden_size", `a multiple of twice the ${H} attention heads`);
    if (!activation) throw config.mismatch("hidden_activation", "an activation function");

    const { backend } = weights;
    const rotary = (theta: number) => rotaryTables(backend, P, C / H, theta);
    const tables: Readonly<Record<LayerType, RotaryTables>> = {
      full_attention: rotary(rotaryTheta(config, ["global_rope_theta"], 160_000, "full_attention")),
      sliding_attention: rotary(rotaryTheta(config, ["local_rope_theta"], 10_000, "sliding_attention")),
    };
    const loadBlock = async (l: number, type: LayerType): Promise<Block> => {
      const at = weights.at(`layers.${l}`);
      const local = type === "sliding_attention" ? window : undefined;
      return {
        attentionNorm: l === 0 ? undefined : await loadNorm(at.at("attn_norm"), C, eps, normBias),
        attention: await RotaryAttention.load(
          at.at("attn"),
          { qkv: "Wqkv", output: "Wo" },
          { C, H, bias, tables: tables[type], window: local },
        ),
        feedForwardNorm: await loadNorm(at.at("mlp_norm"), C, eps, normBias),
        feedForward: await GatedFeedForward.load(
          at.at("mlp"),
          { inner: "Wi", down: "Wo", gate: "first" },
          { C, F, activation, innerBias: mlpBias, downBias: mlpBias },
        ),
      };
    };
    const blocks = await weights.all(layerTypes(config, L).map((type, l) => () => loadBlock(l, type)));
    const words = backend.table(await weights.matrix(`${WORDS}.weight`, V, C, "words"));
    const embeddingNorm = await loadNorm(weights.at("embeddings.norm"), C, eps, normBias);
    const finalNorm = await loadNorm(weights.at("final_norm"), C, eps, normBias);
    const sizes = { V, C, E: C, H, L, maxLength: P, typeCount: 0, words: WORDS };
    return new ModernBertEncoder(sizes, { words, embeddingNorm, blocks, finalNorm });
  }

  forward(backend: Backend, batch: TokenBatch, taps: Taps): Mat {
    const { C, L } = this.sizes;
    const { sequences } = batch;
    const { blocks, finalNorm } = this.#parts;
    const positions = sequences.positions();
    const result = backend.alloc(sequences.T, C);
    const { states } = runBlocks(backend, batch, taps, this.sizes, blocks, (T) => {
      const buffers = RotaryAttention.alloc(backend, T, C);
      const context = backend.alloc(T, C);
      return {
        embed: (x, rows) => this.#embed(backend, x, batch, rows),
        enter(block, x, rows) {
          if (block) block.attention.projectIn(backend, buffers, normed(backend, x, block.attentionNorm), positions, rows);
          else backend.layerNorm(result.slice(rows), x, finalNorm);
        },
        attend: ({ attention }, probs) => attention.attend(backend, context, buffers, sequences, probs),
        leave: (block, out, x, rows) => finish(backend, block, out, x, context.slice(rows)),
      };
    });
    taps.hiddenStates?.push(...states.slice(0, L), result);
    return result;
  }

  #embed(backend: Backend, out: Mat, { ids }: TokenBatch, { first, count }: Rows): void {
    const words = backend.alloc(out.rows, out.cols);
    backend.gather(words, this.#parts.words, ids.subarray(first, first + count));
    backend.layerNorm(out, words, this.#parts.embeddingNorm);
  }
}

function normed(backend: Backend, x: Mat, norm: Norm | undefined): Mat {
  if (!norm) return x;
  const out = backend.alloc(x.rows, x.cols);
  backend.layerNorm(out, x, norm);
  return out;
}

/** out [rows, C] from the layer's input x and its attention's context. */
function finish(backend: Backend, { attention, feedForward, feedForwardNorm }: Block, out: Mat, x: Mat, context: Mat): void {
  const attended = backend.alloc(x.rows, x.cols);
  attention.projectOut(backend, attended, context);
  const a = backend.alloc(x.rows, x.cols);
  backend.add(a, x, attended);
  const fed = backend.alloc(x.rows, x.cols);
  feedForward.forward(backend, fed, normed(backend, a, feedForwardNorm));
  backend.add(out, a, fed);
}

/** layer_types, or the older rule: every global_attn_every_n_layers-th layer is global, starting with the first. */
function layerTypes(config: Config, L: number): readonly LayerType[] {
  const every = config.integer("global_attn_every_n_layers", { fallback: 3 });
  const byRule = Array.from({ length: L }, (_, l) => (l % every === 0 ? "full_attention" : "sliding_attention"));
  const types = config.list("layer_types", { fallback: byRule });
  const isLayerType = (type: unknown): type is LayerType => type === "full_attention" || type === "sliding_attention";
  if (types.length !== L || !types.every(isLayerType)) {
    throw config.mismatch("layer_types", `a list of ${L} entries, each "full_attention" or "sliding_attention"`);
  }
  return types;
}
