/**
 * The residual connection of a pre-norm block, x + (h Wᵀ + b), as one dispatch: a projection followed at once by the addition of its
 * result takes the other summand into its epilogue, and the projection's own result is never stored.
 *
 * Safe only if nobody else reads that result. A pass is recorded before it is encoded, so the rest of it can be looked through:
 * the buffer is either written first (it has been given to another Mat) or not touched again, and is no result of the pass.
 */

import type { GpuBuffer } from "./buffer-pool.ts";
import type { Copy, Dispatch, Step } from "./recording.ts";

/** `steps` with fused pairs in place; `results` are the buffers that are read back at the end. */
export function fuseResiduals(steps: readonly Step[], results: ReadonlySet<GpuBuffer>): Step[] {
  const fused: Step[] = [];
  for (let at = 0; at < steps.length; at++) {
    const [product, sum] = [steps[at]!, steps[at + 1]];
    const joined = isDispatch(product) && sum && isDispatch(sum) ? join(product, sum) : undefined;
    if (joined && isDispatch(product) && !isReadLater(product.out, steps, at + 2, results)) {
      fused.push(joined);
      at++; // the sum is in it
    } else fused.push(product);
  }
  return fused;
}

/** The dispatch that stands for both, or undefined where they do not fit together. */
function join(product: Dispatch, sum: Dispatch): Dispatch | undefined {
  const { withResidual, out, params } = product;
  if (!withResidual || sum.name !== "add") return undefined;
  const own = sum.reads.indexOf(out);
  if (own === -1 || sum.reads[1 - own] === out) return undefined;
  const [mine, other] = own === 0 ? ["a", "b"] : ["b", "a"];
  const isWholeProduct =
    sum.params[`${mine}_offset`] === params.out_offset &&
    sum.params[`${mine}_stride`] === params.out_stride &&
    sum.params.rows === params.M &&
    sum.params.cols === params.N;
  if (!isWholeProduct || product.reads.includes(sum.out)) return undefined;
  return {
    ...withResidual,
    reads: [...product.reads, sum.reads[1 - own]!],
    out: sum.out,
    params: {
      ...params,
      residual_offset: sum.params[`${other}_offset`]!,
      residual_stride: sum.params[`${other}_stride`]!,
      out_offset: sum.params.out_offset!,
      out_stride: sum.params.out_stride!,
    },
    workgroups: product.workgroups,
  };
}

function isReadLater(buffer: GpuBuffer, steps: readonly Step[], from: number, results: ReadonlySet<GpuBuffer>): boolean {
  for (let at = from; at < steps.length; at++) {
    const step = steps[at]!;
    if (isDispatch(step) ? step.reads.includes(buffer) : step.source === buffer) return true;
    if ((isDispatch(step) ? step.out : step.target) === buffer) return false; // another Mat's by now: a Mat is written once
  }
  return results.has(buffer);
}

export function isDispatch(step: Dispatch | Copy): step is Dispatch {
  return "reads" in step;
}
