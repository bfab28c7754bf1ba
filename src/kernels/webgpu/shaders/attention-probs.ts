/**
 * The softmax of attention written out, for callers that ask for it: probs[h S + i, j] of one sequence.
 *
 * A kernel of its own, so that asking changes nothing in attention's output. A workgroup makes one row (query i, head h): each thread
 * scores its keys (j = lid, lid + 64, ...) into the row, the maximum and the sum go through workgroup memory, then the thread rescales what it wrote.
 */

import { type Kernel, kernel } from "../kernel.ts";
import { type AttentionShape, attentionName, counts, scoreCode, termMats, termParams } from "./attention.ts";
import { ROW_THREADS, reduceCode } from "./reduce.ts";

export function attentionProbsName(shape: AttentionShape): string {
  return `${attentionName(shape)} probs`;
}

export function attentionProbsKernel(shape: AttentionShape): Kernel {
  const { D, windowed, terms } = shape;
  const at = (x: string, row: string) => `${x}[p.${x}_offset + (p.first + ${row}) * p.${x}_stride + h * ${D}u + c]`;
  return kernel({
    name: attentionProbsName(shape),
    reads: ["q", "k", "index: i32", ...termMats(terms)],
    mats: ["q", "k", ...termMats(terms)],
    params: ["first", "S", "max_s", "window", "scale: f32", ...termParams(terms)],
    workgroup: [ROW_THREADS],
    declarations: reduceCode("max", "sum"),
    body: `
  let S = p.S;
  let i = group.x;
  let h = group.y;
  let row = p.out_offset + (h * S + i) * p.out_stride;
  var highest = -3.4e38;
  for (var j = lid; j < S; j += ${ROW_THREADS}u) {
    var dot = 0.0;
    for (var c = 0u; c < ${D}u; c++) { dot = fma(${at("q", "i")}, ${at("k", "j")}, dot); }
${scoreCode(shape, at("q", "i"), at("k", "j"))}
    out[row + j] = score;
    if (${counts("j", windowed)}) { highest = max(highest, score); }
  }
  highest = reduce_max(lid, highest);
  var sum = 0.0;
  for (var j = lid; j < S; j += ${ROW_THREADS}u) {
    let weight = select(0.0, exp(min(out[row + j] - highest, 0.0)), ${counts("j", windowed)});
    out[row + j] = weight;
    sum += weight;
  }
  sum = reduce_sum(lid, sum);
  for (var j = lid; j < S; j += ${ROW_THREADS}u) { out[row + j] = out[row + j] / sum; }`,
  });
}
