/**
 * Milliseconds of each op of a forward pass over one text, in the order of inspectModel's records: the median of some passes after a warm-up.
 */

import type { ModelFiles } from "../files/types.ts";
import { timeOps } from "../tensor/timing.ts";
import { loadModelFromFiles } from "./load.ts";
import type { ModelOptions } from "./types.ts";

const WARM_UP_MS = 300;
const PASSES = 15;

/** Runs on one thread: the ops of several overlap. */
export async function measureOps(files: ModelFiles, tokens: number, options: ModelOptions = {}): Promise<number[]> {
  const model = await loadModelFromFiles(files, { ...options, threads: 1 });
  try {
    const batch = [{ ids: new Array<number>(tokens).fill(0) }];
    const warm = performance.now() + WARM_UP_MS;
    do await model.forward(batch);
    while (performance.now() < warm);
    const milliseconds = timeOps(model.backend);
    const passes: number[][] = [];
    for (let pass = 0; pass < PASSES; pass++) {
      await model.forward(batch);
      passes.push([...milliseconds]);
    }
    return passes[0]!.map((_, i) => passes.map((pass) => pass[i]!).sort((a, b) => a - b)[PASSES >> 1]!);
  } finally {
    model.dispose();
  }
}
