/**
 * Attention over a ragged batch in one dispatch, with the softmax folded in (online softmax: Milakov & Gimelshein 2018, https://arxiv.org/abs/1805.02867;
 * tiled as in FlashAttention, https://arxiv.org/abs/2205.14135).
 *
 * A workgroup holds a block of Q queries of one sequence and one head, 8 threads a query. Keys and values pass in tiles of Q:
 *
 *   s_j = scale (q · k_j + content terms) + head terms;  m' = max(m, s);  l = l e^(m - m') + Σ e^(s_j - m');  acc likewise with v_j;  out = acc / l
 *
 * Tiles are counted from the start of the sequence, so a text's bits do not depend on the batch. D is a constant of the kernel, any D up to MAX_D.
 * `index` holds, per block, (first row of the sequence, S, first query), and per distance the bucket of the relative terms.
 */

import { type Kernel, kernel } from "../kernel.ts";

export type TermKind = "head" | "query" | "key";

export interface AttentionShape {
  readonly D: number;
  readonly windowed: boolean;
  readonly terms: readonly TermKind[];
}

/** Beyond this the tiles would not fit 16 KiB of workgroup memory. */
export const MAX_D = 160;
/** More relative terms would pass 8 storage buffers a shader. */
export const MAX_TERMS = 3;
/** Queries of a block, and keys of a tile. */
export const blockOf = (D: number) => (D <= 64 ? 16 : 8);
const LANES = 8;
const LOWEST = "-3.4e38";

export function termParams(terms: readonly TermKind[]): string[] {
  return terms.map((_, i) => `term${i}_buckets`);
}

export function termMats(terms: readonly TermKind[]): string[] {
  return terms.map((_, i) => `term${i}`);
}

export function attentionName({ D, windowed, terms }: AttentionShape): string {
  return `attention D=${D}${windowed ? " windowed" : ""}${terms.map((by) => ` by ${by}`).join("")}`;
}

/** WGSL that adds the relative terms to `dot` and scales it: q and k are expressions in c. */
export function scoreCode({ D, terms }: AttentionShape, q: string, k: string): string {
  const row = (i: number) => `p.term${i}_offset + u32(index[p.term${i}_buckets + p.max_s - 1u + i - j]) * p.term${i}_stride`;
  const content = terms.map((by, i) => {
    if (by === "head") return "";
    return `
    let row${i} = ${row(i)} + h * ${D}u;
    for (var c = 0u; c < ${D}u; c++) { dot = fma(${by === "query" ? q : k}, term${i}[row${i} + c], dot); }`;
  });
  const head = terms.map((by, i) => (by === "head" ? ` + term${i}[${row(i)} + h]` : ""));
  return `${content.join("")}
    let score = dot * p.scale${head.join("")};`;
}

export function attentionKernel(shape: AttentionShape): Kernel {
  const { D, windowed, terms } = shape;
  const Q = blockOf(D);
  const each = Math.ceil(D / LANES); // channels of a thread
  const load = (tile: string, source: string, rowExpression: string, stride: number) => `
    for (var at = lid; at < ${Q * D}u; at += ${Q * LANES}u) {
      let row = ${rowExpression} + at / ${D}u;
      ${tile}[at / ${D}u * ${stride}u + at % ${D}u] = ${source}[p.${source}_offset + (first + min(row, S - 1u)) * p.${source}_stride + h * ${D}u + at % ${D}u];
    }`;
  const channels = (body: (e: number) => string) => Array.from({ length: each }, (_, e) => body(e)).join("\n");
  const inRange = (e: number, body: string) => ((e + 1) * LANES <= D ? body : `if (lane + ${e * LANES}u < ${D}u) { ${body} }`);
  return kernel({
    name: attentionName(shape),
    reads: ["q", "k", "v", "index: i32", ...termMats(terms)],
    mats: ["q", "k", "v", ...termMats(terms)],
    params: ["blocks", "max_s", "window", "scale: f32", ...termParams(terms)],
    workgroup: [Q * LANES],
    declarations: `
var<workgroup> q_tile: array<f32, ${Q * D}>;
var<workgroup> k_tile: array<f32, ${Q * (D + 1)}>;
var<workgroup> v_tile: array<f32, ${Q * D}>;
var<workgroup> score_tile: array<f32, ${Q * Q}>;
var<workgroup> weight_tile: array<f32, ${Q * Q}>;`,
    body: `
  let block = p.blocks + 3u * group.x;
  let first = u32(index[block]);
  let S = u32(index[block + 1u]);
  let q0 = u32(index[block + 2u]);
  let h = group.y;
  let query = lid / ${LANES}u;
  let lane = lid % ${LANES}u;
  let i = min(q0 + query, S - 1u);
${load("q_tile", "q", "q0", D)}
  var m = ${LOWEST};
  var l = 0.0;
${channels((e) => `  var acc${e} = 0.0;`)}
  let start = ${windowed ? `select(0u, q0 - p.window, q0 > p.window) / ${Q}u * ${Q}u` : "0u"};
  let end = ${windowed ? `min(S, q0 + ${Q}u + p.window)` : "S"};
  for (var j0 = start; j0 < end; j0 += ${Q}u) {
${load("k_tile", "k", "j0", D + 1)}
${load("v_tile", "v", "j0", D)}
    workgroupBarrier();
    for (var column = lane; column < ${Q}u; column += ${LANES}u) {
      let j = min(j0 + column, S - 1u);
      var dot = 0.0;
      for (var c = 0u; c < ${D}u; c++) { dot = fma(q_tile[query * ${D}u + c], k_tile[column * ${D + 1}u + c], dot); }
${scoreCode(shape, `q_tile[query * ${D}u + c]`, `k_tile[column * ${D + 1}u + c]`)}
      score_tile[query * ${Q}u + column] = select(${LOWEST}, score, ${counts("j0 + column", windowed)});
    }
    workgroupBarrier();
    var higher = m;
    for (var column = 0u; column < ${Q}u; column++) { higher = max(higher, score_tile[query * ${Q}u + column]); }
    for (var column = lane; column < ${Q}u; column += ${LANES}u) {
      let weight = exp(score_tile[query * ${Q}u + column] - higher);
      weight_tile[query * ${Q}u + column] = select(0.0, weight, ${counts("j0 + column", windowed)});
    }
    workgroupBarrier();
    let fade = select(exp(m - higher), 0.0, m == ${LOWEST});
    m = higher;
    l *= fade;
${channels((e) => `    acc${e} *= fade;`)}
    for (var column = 0u; column < ${Q}u; column++) {
      let weight = weight_tile[query * ${Q}u + column];
      l += weight;
${channels((e) => `      ${inRange(e, `acc${e} = fma(weight, v_tile[column * ${D}u + lane + ${e * LANES}u], acc${e});`)}`)}
    }
    workgroupBarrier();
  }
  if (q0 + query < S) {
    let row = p.out_offset + (first + i) * p.out_stride + h * ${D}u;
${channels((e) => `    ${inRange(e, `out[row + lane + ${e * LANES}u] = acc${e} / l;`)}`)}
  }`,
  });
}

/** Whether key j counts for query i: inside the sequence and the window. */
export function counts(j: string, windowed: boolean): string {
  return windowed ? `${j} < S && ${j} + p.window >= i && ${j} <= i + p.window` : `${j} < S`;
}
