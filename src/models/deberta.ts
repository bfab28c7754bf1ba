/**
 * DeBERTa v2 and v3: disentangled attention (He et al. 2020, https://arxiv.org/abs/2006.03654, section 3; 2021, https://arxiv.org/abs/2111.09543).
 *
 *   score[i, j] = (q_i · k_j  +  q_i · K_r[δ(i - j)]  +  k_j · Q_r[δ(i - j)]) / sqrt(3 D)
 *                  content      content to position     position to content
 *
 * K_r and Q_r are the layer's key and query projections of the relative embeddings, constants once the weights are known: they are computed
 * at load. δ is the distance in buckets, logarithmic beyond half of `position_buckets`, shifted to start at 0. The scale counts the terms in use.
 */

import { loadNorm } from "../layers/layer-norm.ts";
import { loadLinear } from "../layers/linear.ts";
import type { PostNormBlock } from "../layers/post-norm-block.ts";
import type { Weights } from "../layers/weights.ts";
import type { RelativeTerm } from "../tensor/attention.ts";
import type { Mat } from "../tensor/mat.ts";
import type { Linear } from "../tensor/weights.ts";
import { type BertDialect, BertEncoder } from "./bert.ts";
import { BERT } from "./bert-names.ts";
import type { Config } from "./config.ts";

const SELF = "attention.self";

/** Of each term: whose vector meets the relative embedding, the projection of its own that this goes through, and the place of the shared one in [query, key, value]. */
const TERMS = {
  c2p: { by: "query", projection: "pos_key_proj", place: 1 },
  p2c: { by: "key", projection: "pos_query_proj", place: 0 },
} as const;

/** Modules that transformers saves whether or not pos_att_type and position_biased_input put them to use. */
export const DEBERTA_UNUSED: readonly string[] = ["encoder.rel_embeddings", "encoder.LayerNorm", "embeddings.position_embeddings"];

export function loadDeberta(weights: Weights, config: Config): Promise<BertEncoder> {
  if (config.integer("embedding_size", { fallback: config.integer("hidden_size") }) !== config.integer("hidden_size")) {
    throw config.unsupported("DeBERTa with an embedding_size other than hidden_size");
  }
  if (config.integer("conv_kernel_size", { fallback: 0, min: 0 }) > 0) {
    throw config.unsupported("DeBERTa's convolution layer (conv_kernel_size, in xlarge models)");
  }
  return BertEncoder.load(weights, config, dialectOf(config));
}

function dialectOf(config: Config): BertDialect {
  const { words, norm, positions, types } = BERT.embeddings;
  const names = termsOf(config);
  const hasTerms = names.length > 0 && config.flag("relative_attention", false);
  return {
    ...BERT,
    embeddings: {
      words,
      norm,
      ...(config.flag("position_biased_input", true) && { positions }),
      ...(config.integer("type_vocab_size", { fallback: 0, min: 0 }) > 0 && { types: types! }),
    },
    block: { ...BERT.block, query: `${SELF}.query_proj`, key: `${SELF}.key_proj`, value: `${SELF}.value_proj` },
    scale: (D) => 1 / Math.sqrt(D * (1 + names.length)), // with or without relative_attention
    ...(hasTerms && { relative: (weights, own, { C, eps }) => loadRelative(weights, own, C, eps) }),
  };
}

/** "c2p" and "p2c" as pos_att_type lists them ("c2p|p2c" in old files). */
function termsOf(config: Config): readonly ("c2p" | "p2c")[] {
  const value = config.find("pos_att_type")?.value;
  const names = typeof value === "string" ? value.toLowerCase().split("|") : Array.isArray(value) ? value : [];
  return (["c2p", "p2c"] as const).filter((name) => names.includes(name));
}

async function loadRelative(weights: Weights, config: Config, C: number, eps: number) {
  const { backend } = weights;
  const P = config.integer("max_position_embeddings");
  const longest = config.integer("max_relative_positions", { fallback: -1, min: -1 });
  const maxDistance = longest < 1 ? P : longest;
  const buckets = config.integer("position_buckets", { fallback: -1, min: -1 });
  const span = buckets > 0 ? buckets : maxDistance;
  const R = 2 * span;
  const isNormed = config.text("norm_rel_ebd", { fallback: "none" }).includes("layer_norm");
  const norm = isNormed ? await loadNorm(weights.at("encoder.LayerNorm"), C, eps) : undefined;
  const table = backend.constant(await weights.floats("encoder.rel_embeddings.weight", R, C, "small"), R, C);
  const bucketOf = (distance: number) => Math.min(R - 1, Math.max(0, debertaBucket(distance, buckets, maxDistance) + span));

  /** The relative embeddings through projections of a layer, [R, C] each, as constants. */
  const project = async (body: (embeddings: Mat) => readonly Mat[]) => {
    const projected = await backend.pass(() => {
      const embeddings = norm ? backend.alloc(R, C) : table;
      if (norm) backend.layerNorm(embeddings, table, norm);
      return body(embeddings);
    });
    return projected.map((data) => backend.constant(data, R, C));
  };

  return async (layer: Weights, block: PostNormBlock): Promise<readonly RelativeTerm[]> => {
    const names = termsOf(config);
    const own: Linear[] = []; // one a term, where the layer's own query and key do not serve them, too
    if (!config.flag("share_att_key", false)) {
      for (const name of names) own.push(await loadLinear(layer, `${SELF}.${TERMS[name].projection}`, C, C, { role: "encoder" }));
    }
    const tables = await project((embeddings) => {
      if (own.length > 0) {
        return own.map((projection) => {
          const projected = backend.alloc(R, C);
          backend.project(projected, embeddings, projection);
          return projected;
        });
      }
      const qkv = backend.alloc(R, 3 * C);
      block.attention.projectIn(backend, qkv, embeddings);
      return names.map((name) => qkv.columns(TERMS[name].place * C, C));
    });
    return names.map((name, i) => ({ table: tables[i]!, bucketOf, by: TERMS[name].by }));
  };
}

/**
 * The signed bucket of a distance i - j: the distance itself up to half of the buckets, then growing with its logarithm.
 * In f32 step by step, as PyTorch computes it: the result is rounded up, so the last bit may matter.
 * @param buckets position_buckets; below 1 = every distance is its own bucket
 */
export function debertaBucket(distance: number, buckets: number, maxDistance: number): number {
  const middle = Math.floor(buckets / 2);
  const apart = Math.abs(distance);
  if (buckets < 1 || apart <= middle) return distance;
  const { fround, log } = Math;
  const share = fround(fround(log(fround(apart / middle))) / fround(log(fround((maxDistance - 1) / middle))));
  return Math.sign(distance) * (Math.ceil(fround(share * (middle - 1))) + middle);
}
