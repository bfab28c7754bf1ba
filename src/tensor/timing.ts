/**
 * How long each op of a pass takes: the ops of one backend object are wrapped so that they note their time.
 *
 * Only ops that a layer calls are noted; what a fused op calls in turn is part of it. So the list has the order of TraceBackend's records.
 * True for backends that compute when they are called (reference, loops, wasm on one thread), not for those that record first (threads, WebGPU).
 * A call of the clock costs about 50 ns: ops of a few hundred elements look slower than they are.
 */

import type { Backend } from "./backend.ts";
import type { Rows } from "./mat.ts";

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

/**
 * Wraps the ops of `backend` for good; returns the list that holds the milliseconds of the ops of the last pass. The blocks of a stretch count together:
 * the first op of its body is one number, whatever the blocks.
 */
export function timeOps(backend: Backend): number[] {
  const milliseconds: number[] = [];
  let next = 0; // where the next op's time goes; below the list's end in the later blocks of a stretch
  let isInside = false;
  const note = (time: number) => {
    if (next < milliseconds.length) milliseconds[next]! += time;
    else milliseconds.push(time);
    next++;
  };
  for (const op of OPS) {
    const run = backend[op] as (...args: unknown[]) => void;
    const timed = (...args: unknown[]) => {
      if (isInside) return run.apply(backend, args);
      isInside = true;
      const start = performance.now();
      try {
        run.apply(backend, args);
      } finally {
        note(performance.now() - start);
        isInside = false;
      }
    };
    Object.defineProperty(backend, op, { value: timed });
  }
  const cut = backend.stretch;
  const stretch = (T: number, body: (rows: Rows) => void) => {
    const first = milliseconds.length;
    cut.call(backend, T, (rows) => {
      next = first;
      body(rows);
    });
  };
  Object.defineProperty(backend, "stretch", { value: stretch });
  const { pass } = backend;
  const begin: Backend["pass"] = (body) => {
    milliseconds.length = 0;
    next = 0;
    return pass.call(backend, body);
  };
  Object.defineProperty(backend, "pass", { value: begin });
  return milliseconds;
}
