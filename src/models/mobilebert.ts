/**
 * MobileBERT (Sun et al. 2020, https://arxiv.org/abs/2004.02984): a deep, thin BERT of bottleneck blocks (layers/bottleneck-block.ts) on word
 * embeddings of E channels that see their neighbours:
 *
 *   n_t = word[id_{t+1}] ++ word[id_t] ++ word[id_{t-1}],   x0 = norm(n Wᵀ + b + position + type)
 *
 * Beyond the ends of a text the neighbour is a zero row. (transformers takes the padding's embedding there in a padded batch, which makes a
 * text's result depend on its batch; a text alone is the truth.)
 */

import { BottleneckBlock } from "../layers/bottleneck-block.ts";
import { loadLinear } from "../layers/linear.ts";
import { DEFAULT_EPS, loadNormOp, type NormOp } from "../layers/norm-op.ts";
import type { TokenBatch } from "../layers/tokens.ts";
import type { Weights } from "../layers/weights.ts";
import { activationOf } from "../tensor/activations.ts";
import type { Backend } from "../tensor/backend.ts";
import type { Mat } from "../tensor/mat.ts";
import type { Linear, Table } from "../tensor/weights.ts";
import type { Config } from "./config.ts";
import type { Encoder, EncoderSizes, Taps } from "./encoder.ts";
import { runBlocks } from "./schedule.ts";

interface Parts {
  readonly words: Table;
  /** From the trigram's 3E channels to C. */
  readonly transform: Linear;
  readonly positions: Table;
  readonly types: Table | undefined;
  readonly norm: NormOp;
  readonly blocks: readonly BottleneckBlock[];
  /** Channels inside the bottleneck. */
  readonly inner: number;
}

export class MobileBertEncoder implements Encoder {
  readonly sizes: EncoderSizes;
  readonly #parts: Parts;

  private constructor(sizes: EncoderSizes, parts: Parts) {
    this.sizes = sizes;
    this.#parts = parts;
  }

  static async load(weights: Weights, config: Config): Promise<MobileBertEncoder> {
    const C = config.integer("hidden_size");
    const E = config.integer("embedding_size", { fallback: 128 });
    const H = config.integer("num_attention_heads");
    const L = config.integer("num_hidden_layers", { min: 0 });
    const F = config.integer("intermediate_size");
    const V = config.integer("vocab_size");
    const P = config.integer("max_position_embeddings");
    const inner = config.integer("intra_bottleneck_size", { fallback: 128 });
    const networks = config.integer("num_feedforward_networks", { fallback: 4 });
    const typeCount = config.integer("type_vocab_size", { fallback: 2, min: 0 });
    const eps = config.positive("layer_norm_eps", { fallback: 1e-12 });
    const activation = activationOf(config.text("hidden_act", { fallback: "relu" }));
    const norm = config.text("normalization_type", { fallback: "no_norm" });
    if (norm !== "layer_norm" && norm !== "no_norm") throw config.mismatch("normalization_type", '"no_norm" or "layer_norm"');
    if (inner % H !== 0) throw config.mismatch("intra_bottleneck_size", `a multiple of the ${H} attention heads`);
    checkSupported(config);

    const { backend } = weights;
    const at = weights.at("embeddings");
    const table = async (name: string, rows: number, cols: number, role: "words" | "small") =>
      backend.table(await at.matrix(`${name}.weight`, rows, cols, role));
    const parts = {
      words: await table("word_embeddings", V, E, "words"),
      transform: await loadLinear(at, "embedding_transformation", C, 3 * E, { role: "encoder" }),
      positions: await table("position_embeddings", P, C, "small"),
      types: typeCount > 0 ? await table("token_type_embeddings", typeCount, C, "small") : undefined,
      norm: await loadNormOp(at.at("LayerNorm"), norm, C, DEFAULT_EPS),
    };
    const blockSizes = { C, inner, H, F, networks, eps, norm, activation } as const;
    const blocks = await weights.all(
      Array.from({ length: L }, (_, l) => () => BottleneckBlock.load(weights.at(`encoder.layer.${l}`), blockSizes)),
    );
    const sizes = { V, C, E, H, L, maxLength: P, typeCount, words: "embeddings.word_embeddings" };
    return new MobileBertEncoder(sizes, { ...parts, blocks, inner });
  }

  forward(backend: Backend, batch: TokenBatch, taps: Taps): Mat {
    const { inner, blocks } = this.#parts;
    const { sequences } = batch;
    const positions = sequences.positions();
    const [next, previous] = neighbours(batch);
    const { last, states } = runBlocks(backend, batch, taps, this.sizes, blocks, (T) => {
      const buffers = { qk: backend.alloc(T, 2 * inner), v: backend.alloc(T, inner) };
      const context = backend.alloc(T, inner);
      return {
        embed: (x, { first, count }) => {
          const part = (values: Int32Array) => values.subarray(first, first + count);
          this.#embed(backend, x, [next, batch.ids, previous].map(part), part(positions), part(batch.typeIds));
        },
        enter: (block, x, rows) => block?.projectIn(backend, buffers.qk.slice(rows), buffers.v.slice(rows), x),
        attend: (block, probs) => block.attend(backend, context, buffers, sequences, probs),
        leave: (block, out, x, rows) => block.finish(backend, out, x, context.slice(rows)),
      };
    });
    taps.hiddenStates?.push(...states);
    return last;
  }

  /** out [rows, C]; `trigram` holds the ids of each token's successor, itself and its predecessor. */
  #embed(backend: Backend, out: Mat, trigram: readonly Int32Array[], positions: Int32Array, typeIds: Int32Array): void {
    const { words, transform, positions: positionTable, types, norm } = this.#parts;
    const scratch = () => backend.alloc(out.rows, out.cols);
    const E = words.cols;
    const joined = backend.alloc(out.rows, 3 * E);
    for (const [i, ids] of trigram.entries()) backend.gather(joined.columns(i * E, E), words, ids);
    let sum = scratch();
    backend.project(sum, joined, transform);
    for (const [table, indices] of [[positionTable, positions] as const, [types, typeIds] as const]) {
      if (!table) continue;
      const rows = scratch();
      backend.gather(rows, table, indices);
      const next = scratch();
      backend.add(next, sum, rows);
      sum = next;
    }
    norm(backend, out, sum);
  }
}

/** The ids of each token's successor and predecessor in its own sequence, -1 (a zero row) beyond its ends. */
function neighbours({ ids, sequences }: TokenBatch): [next: Int32Array, previous: Int32Array] {
  const next = new Int32Array(ids.length).fill(-1);
  const previous = new Int32Array(ids.length).fill(-1);
  for (let b = 0; b < sequences.B; b++) {
    const [start, end] = [sequences.cuSeqlens[b]!, sequences.cuSeqlens[b + 1]!];
    next.set(ids.subarray(start + 1, end), start);
    previous.set(ids.subarray(start, end - 1), start + 1);
  }
  return [next, previous];
}

/** The published models' shape; other switches of the configuration were never used in a release. */
function checkSupported(config: Config): void {
  const expected = [
    ["trigram_input", true],
    ["use_bottleneck", true],
    ["key_query_shared_bottleneck", true],
    ["use_bottleneck_attention", false],
    ["classifier_activation", true],
  ] as const;
  for (const [field, value] of expected) {
    if (config.flag(field, value) !== value) throw config.unsupported(`MobileBERT with ${field} = ${!value}`);
  }
}
