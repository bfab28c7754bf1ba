/**
 * How long each op of a pass takes: the ops of one backend object are wrapped so that they note their time.
 *
 * Only ops that a layer calls are noted; what a fused op calls in turn is part of it. So the list has the order of TraceBackend's records.
 * True for backends that compute when they are called (reference, loops, wasm on one thread), not for those that record first (threads, WebGPU).
 * A call of the clock costs about 50 ns: ops of a few hundred elements look slower than they are.
 */

import type { Backend } from "./backend.ts";

const OPS = [
  "gather",
  "take",
  "project",
  "matmul",
  "add",
  "multiply",
  "scale",
  "scaleShift",
  "activate",
  "layerNorm",
  "softmax",
  "rotate",
  "pool",
  "normalize",
  "embed",
  "projectActivate",
  "addLayerNorm",
  "attention",
] as const satisfies readonly (keyof Backend)[];

/** Wraps the ops of `backend` for good; returns the list that each op from now on adds its milliseconds to. */
export function timeOps(backend: Backend): number[] {
  const milliseconds: number[] = [];
  let isInside = false;
  for (const op of OPS) {
    const run = backend[op] as (...args: unknown[]) => void;
    const timed = (...args: unknown[]) => {
      if (isInside) return run.apply(backend, args);
      isInside = true;
      const start = performance.now();
      try {
        run.apply(backend, args);
      } finally {
        milliseconds.push(performance.now() - start);
        isInside = false;
      }
    };
    Object.defineProperty(backend, op, { value: timed });
  }
  return milliseconds;
}
