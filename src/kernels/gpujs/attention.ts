/**
 * Attention of one sequence, all heads, as a plan of gpu.js (`createPipeline`): the scores and their softmax never leave the device.
 *
 *   scores [H, S, S] = scale q kᵀ  ->  max [H, S]  ->  sum [H, S]  ->  probs [H, S, S]  ->  context [S, H D] = probs v
 *
 * A plan is compiled for one S. Windows and relative terms take the contract's default body, in primitives.
 */

import type { GpuKernels, KernelThis, Matrix } from "./gpu.ts";

type Heads = readonly Matrix[];

function scoresKernel(this: KernelThis, q: Matrix, k: Matrix, D: number): number {
  const head = this.thread.z * D;
  let dot = 0;
  for (let c = 0; c < D; c++) {
    dot += q[this.thread.y]![head + c]! * k[this.thread.x]![head + c]!;
  }
  return dot * this.constants.scale!;
}

function maximumKernel(this: KernelThis, scores: Heads, S: number): number {
  let max = scores[this.thread.y]![this.thread.x]![0]!;
  for (let j = 1; j < S; j++) {
    max = Math.max(max, scores[this.thread.y]![this.thread.x]![j]!);
  }
  return max;
}

function sumKernel(this: KernelThis, scores: Heads, max: Matrix, S: number): number {
  let sum = 0;
  for (let j = 0; j < S; j++) {
    sum += Math.exp(scores[this.thread.y]![this.thread.x]![j]! - max[this.thread.y]![this.thread.x]!);
  }
  return sum;
}

function probsKernel(this: KernelThis, scores: Heads, max: Matrix, sum: Matrix): number {
  const score = scores[this.thread.z]![this.thread.y]![this.thread.x]!;
  return Math.exp(score - max[this.thread.z]![this.thread.y]!) / sum[this.thread.z]![this.thread.y]!;
}

function contextKernel(this: KernelThis, probs: Heads, v: Matrix, S: number, D: number): number {
  const head = Math.floor((this.thread.x + 0.5) / D);
  let sum = 0;
  for (let j = 0; j < S; j++) {
    sum += probs[head]![this.thread.y]![j]! * v[j]![this.thread.x]!;
  }
  return sum;
}

export interface AttentionResult {
  readonly context: Matrix; // S, H D
  readonly probs?: Heads; // H, S, S; only when asked for
}

/** @param withProbs returns the softmax too; the same kernels run either way, so the context's bits stay */
export async function attend(
  gpu: GpuKernels,
  [q, k, v]: readonly [Matrix, Matrix, Matrix],
  { heads: H, scale }: { heads: number; scale: number },
  withProbs: boolean,
): Promise<AttentionResult> {
  const S = q.length;
  const C = q[0]!.length;
  const D = C / H;
  const plan = gpu.plan(`attention ${S} ${H} ${D} ${scale} ${withProbs}`, () => {
    const scoresOf = gpu.create(scoresKernel, [S, S, H], { scale });
    const maximumOf = gpu.create(maximumKernel, [S, H]);
    const sumOf = gpu.create(sumKernel, [S, H]);
    const probsOf = gpu.create(probsKernel, [S, S, H]);
    const contextOf = gpu.create(contextKernel, [C, S]);
    return (queries, keys, values) => {
      const scores = scoresOf(queries, keys, D);
      const max = maximumOf(scores, S);
      const sum = sumOf(scores, max, S);
      const probs = probsOf(scores, max, sum);
      const context = contextOf(probs, values, S, D);
      return withProbs ? { context, probs } : { context };
    };
  });
  return (await gpu.runPlan(plan, [q, k, v])) as AttentionResult;
}
