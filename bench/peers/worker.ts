/** One engine in a process of its own: loads it, then times a workload for each line of JSON on its input, answering with a line on its output. */
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import type { EngineOptions } from "./engine.ts";
import { ENGINES } from "./engines/index.ts";

export interface Request {
  /** Token ids: batches, texts, ids. One call runs all batches in order. */
  readonly batches: readonly (readonly (readonly number[])[])[];
  /** Calls repeat until this much time has passed. */
  readonly atLeastMs: number;
  readonly wantsVectors: boolean;
}
/** Milliseconds of one call; CPU counts all threads of the process. */
export interface Reply {
  readonly wall: number;
  readonly cpu: number;
  readonly calls: number;
  readonly vectors?: number[][];
}

const [name, options] = [process.argv[2]!, JSON.parse(process.argv[3]!) as EngineOptions];
const answer = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`);

async function main(): Promise<void> {
  const engine = await ENGINES[name]!.create!(options);
  answer({ ready: true });
  for await (const line of createInterface({ input: process.stdin })) {
    const { batches, atLeastMs, wantsVectors } = JSON.parse(line) as Request;
    let calls = 0;
    let vectors: Float32Array[] = [];
    for (const batch of batches) await engine.prepare?.(batch);
    const start = performance.now();
    const cpu = process.cpuUsage();
    do {
      vectors = [];
      for (const batch of batches) vectors.push(...(await engine.embed(batch)));
      calls++;
    } while (performance.now() - start < atLeastMs);
    const wall = (performance.now() - start) / calls;
    const { user, system } = process.cpuUsage(cpu);
    answer({
      wall,
      cpu: (user + system) / 1000 / calls,
      calls,
      ...(wantsVectors && { vectors: vectors.map((vector) => [...vector]) }),
    } satisfies Reply);
  }
  process.exit(0);
}

main().catch((error) => {
  console.error(`${name}: ${error instanceof Error ? error.stack : error}`);
  process.exit(1);
});
