/**
 * The post-norm encoder with absolute positions: BERT (Devlin et al. 2018, https://arxiv.org/abs/1810.04805) and the families that differ from it
 * in data only, DistilBERT, MiniLM, TinyBERT, RoBERTa, XLM-RoBERTa, CamemBERT, ELECTRA, ALBERT: names, position offset, token types, embedding size,
 * sharing of layers, activation (rows of bert-dialects.ts). MPNet and DeBERTa add terms to attention (mpnet.ts, deberta.ts).
 *
 *   x0 = embeddings(ids),   x_{l+1} = block_l(x_l)
 *
 * in the order of schedule.ts: between two attentions everything is row-local.
 */

import { type EmbeddingNames, Embeddings } from "../layers/embeddings.ts";
import { type BlockNames, finishPostNorm, loadPostNormBlock, type PostNormBlock } from "../layers/post-norm-block.ts";
import type { TokenBatch } from "../layers/tokens.ts";
import type { Weights } from "../layers/weights.ts";
import { activationOf } from "../tensor/activations.ts";
import type { RelativeTerm } from "../tensor/attention.ts";
import type { Backend } from "../tensor/backend.ts";
import type { Mat } from "../tensor/mat.ts";
import type { Config } from "./config.ts";
import type { Encoder, EncoderSizes, Taps } from "./encoder.ts";
import type { PositionRule } from "./positions.ts";
import { runBlocks } from "./schedule.ts";

/** What a family of this shape differs in. */
export interface BertDialect {
  readonly embeddings: EmbeddingNames;
  readonly block: BlockNames;
  /** Paths of the blocks that make up layer l, run one after another; a path that returns shares its weights. */
  readonly layer: (l: number, config: Config) => readonly string[];
  /** Which row of the position table a token uses; default: that of its place in the sequence. */
  readonly positions?: (config: Config) => PositionRule;
  /** hidden_act where config.json is silent. */
  readonly activation: string;
  /** Factor of the scores for heads of D channels; default 1 / sqrt(D). */
  readonly scale?: (D: number) => number;
  /** What attention adds by distance (MPNet, DeBERTa): loaded once an encoder, then asked for each block. */
  readonly relative?: (weights: Weights, config: Config, sizes: { C: number; H: number; eps: number }) => Promise<RelativeOf>;
}

/** The terms of one block, whose tensors are at `weights`. */
export type RelativeOf = (weights: Weights, block: PostNormBlock) => Promise<readonly RelativeTerm[]>;

interface Layer {
  readonly block: PostNormBlock;
  readonly relative: readonly RelativeTerm[] | undefined;
  /** False inside a layer of several blocks (ALBERT's inner groups). */
  readonly endsLayer: boolean;
}

export class BertEncoder implements Encoder {
  readonly sizes: EncoderSizes;
  readonly #embeddings: Embeddings;
  readonly #layers: readonly Layer[];
  readonly #positions: PositionRule | undefined;

  private constructor(sizes: EncoderSizes, embeddings: Embeddings, layers: readonly Layer[], positions: PositionRule | undefined) {
    this.sizes = sizes;
    this.#embeddings = embeddings;
    this.#layers = layers;
    this.#positions = positions;
  }

  static async load(weights: Weights, config: Config, dialect: BertDialect): Promise<BertEncoder> {
    const C = config.integer(["hidden_size", "dim"]);
    const E = dialect.embeddings.project ? config.integer("embedding_size", { fallback: C }) : C;
    const H = config.integer(["num_attention_heads", "n_heads"]);
    const L = config.integer(["num_hidden_layers", "n_layers"], { min: 0 });
    const F = config.integer(["intermediate_size", "hidden_dim"]);
    const V = config.integer("vocab_size");
    const P = config.integer("max_position_embeddings");
    const eps = config.positive("layer_norm_eps", { fallback: 1e-12 });
    const typeCount = dialect.embeddings.types ? config.integer("type_vocab_size", { fallback: 2, min: 0 }) : 0;
    const activation = activationOf(config.text(["hidden_act", "activation"], { fallback: dialect.activation }));
    const positions = dialect.positions?.(config);
    checkSupported(config, C, H);

    const scale = dialect.scale?.(C / H);
    const shared = new Map<string, Promise<PostNormBlock>>();
    const loadBlock = (path: string): Promise<PostNormBlock> => {
      const loading = shared.get(path) ?? loadPostNormBlock(weights.at(path), dialect.block, { C, H, scale, F, eps, activation });
      shared.set(path, loading);
      return loading;
    };
    const paths = Array.from({ length: L }, (_, l) => dialect.layer(l, config));
    const [embeddings, blocks] = await weights.all([
      () => Embeddings.load(weights, dialect.embeddings, { V, P, E, C, typeCount, eps }),
      () => weights.all(paths.flat().map((path) => () => loadBlock(path))),
    ]);
    const relativeOf = await dialect.relative?.(weights, config, { C, H, eps });
    const layers: Layer[] = [];
    for (const inner of paths) {
      for (const [i, path] of inner.entries()) {
        const block = blocks[layers.length]!;
        // One after another, once all else is there: DeBERTa's terms take passes, in which nothing can be loaded.
        layers.push({ block, relative: await relativeOf?.(weights.at(path), block), endsLayer: i === inner.length - 1 });
      }
    }
    const maxLength = dialect.embeddings.positions ? P - (positions?.skipped ?? 0) : Number.POSITIVE_INFINITY;
    return new BertEncoder({ V, C, E, H, L, maxLength, typeCount, words: dialect.embeddings.words }, embeddings, layers, positions);
  }

  forward(backend: Backend, batch: TokenBatch, taps: Taps): Mat {
    const { C } = this.sizes;
    const positions = this.#positions?.positionsOf(batch) ?? batch.sequences.positions();
    const { last, states } = runBlocks(backend, batch, taps, this.sizes, this.#layers, (T) => {
      const qkv = backend.alloc(T, 3 * C);
      const context = backend.alloc(T, C);
      return {
        embed: (x, rows) => this.#embeddings.forward(backend, x, batch, positions, rows),
        enter: (layer, x, rows) => layer?.block.attention.projectIn(backend, qkv.slice(rows), x),
        attend: ({ block, relative }, probs) => block.attention.attend(backend, context, qkv, batch.sequences, { relative, probs }),
        leave: ({ block }, out, x, rows) => finishPostNorm(backend, block, out, x, context.slice(rows)),
      };
    });
    taps.hiddenStates?.push(states[0]!, ...this.#layers.flatMap(({ endsLayer }, l) => (endsLayer ? [states[l + 1]!] : [])));
    return last;
  }
}

function checkSupported(config: Config, C: number, H: number): void {
  if (C % H !== 0) throw config.mismatch(["hidden_size", "dim"], `a multiple of the ${H} attention heads`);
  const positions = config.text("position_embedding_type", { fallback: "absolute" });
  if (positions !== "absolute") {
    throw config.unsupported(`position_embedding_type "${positions}"`);
  }
  if (config.flag("is_decoder", false)) {
    throw config.unsupported("a decoder (is_decoder)");
  }
}
