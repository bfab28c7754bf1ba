/** One engine in a process of its own: loads it, then times a workload whenever the parent asks. */
import { performance } from "node:perf_hooks";
import type { EngineOptions } from "./engine.ts";
import { ENGINES } from "./engines/index.ts";
import type { Workload } from "./workloads.ts";

export interface Request {
  readonly workload: Workload;
  /** Calls repeat until this much time has passed. */
  readonly atLeastMs: number;
}
/** Milliseconds of one call; CPU counts all threads of the process. */
export interface Reply {
  readonly wall: number;
  readonly cpu: number;
  readonly vectors: number[][];
}

const [name, options] = [process.argv[2]!, JSON.parse(process.argv[3]!) as EngineOptions];

async function main(): Promise<void> {
  const engine = await ENGINES[name]!(options);
  process.on("message", async ({ workload, atLeastMs }: Request) => {
    let calls = 0;
    let vectors: Float32Array[] = [];
    const start = performance.now();
    const cpu = process.cpuUsage();
    do {
      vectors = await engine.embed(workload.batch);
      calls++;
    } while (performance.now() - start < atLeastMs);
    const wall = (performance.now() - start) / calls;
    const { user, system } = process.cpuUsage(cpu);
    process.send!({ wall, cpu: (user + system) / 1000 / calls, vectors: vectors.map((v) => [...v]) } satisfies Reply);
  });
  process.send!("ready");
}

main().catch((error) => {
  console.error(`${name}: ${error instanceof Error ? error.stack : error}`);
  process.exit(1);
});
