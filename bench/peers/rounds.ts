/**
 * Engines side by side: outputs compared first (smallest cosine with the first engine's vectors), then rounds in which each engine has its turn,
 * so that a noisy moment hits all of them. Kept: wall and CPU milliseconds of every round, and how many cores other processes used meanwhile.
 */
import { execFileSync } from "node:child_process";
import { cpus, loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { EngineOptions } from "./engine.ts";
import { ENGINES } from "./engines/index.ts";
import { EngineProcess, type Programs } from "./process.ts";
import type { Reply } from "./worker.ts";
import { single, type Workload } from "./workloads.ts";

export interface Row {
  readonly workload: string;
  readonly engine: string;
  /** Smallest cosine of a vector with the first engine's. */
  readonly cosine: number;
  /** Milliseconds, round by round: index i of two rows is the same moment. */
  readonly wall: readonly number[];
  readonly cpu: readonly number[];
}
export interface Run {
  readonly node: string;
  readonly threads: number;
  readonly date: string;
  readonly load: number;
  /** Cores that processes other than the engines used while they were measured. */
  readonly others: number;
  readonly rows: readonly Row[];
}

const TURN_MS = 60;
const WARM_TURNS = 5;
/** Before the first turn, so that V8 has optimised what it will: some compile 14 MB of WebAssembly. */
const OPTIMIZE_TURNS = 30;
/** A call longer than this is measured once: it is there for the record. */
const ONCE_MS = 5000;
/** Thread pools spin for a moment after a call; the next engine must not pay for it. */
const SETTLE_MS = 30;

export const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!;
const cosine = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

function busyMs(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
}

export async function compareEngines(
  names: readonly string[],
  workloads: readonly Workload[],
  rounds: number,
  options: EngineOptions,
  programs: Programs,
  turnMs = TURN_MS,
): Promise<Run> {
  const engines: EngineProcess[] = [];
  const rows: Row[] = [];
  let [foreign, elapsed] = [0, 0];
  const load = loadavg()[0]!;
  const version = execFileSync(programs.node, ["--version"], { encoding: "utf8" }).trim();
  console.log(`\nNode ${version}, ${options.threads} thread(s), ${rounds} rounds, load ${load.toFixed(2)}; ms a call`);
  console.log("workload  engine                       wall min   median  CPU min   median  speed of CPU, cosine to the first");
  try {
    for (const name of names) {
      const engine = await new EngineProcess(name, options, programs).started();
      engines.push(engine);
      await engine.measure({ batches: single([64])[0]!.batches, atLeastMs: OPTIMIZE_TURNS * turnMs, wantsVectors: false });
    }
    for (const workload of workloads) {
      const { batches } = workload;
      const partakers = engines.filter(({ name }) => workload.feedings.includes(ENGINES[name]!.feeding));
      const firsts: Reply[] = [];
      for (const engine of partakers) firsts.push(await engine.measure({ batches, atLeastMs: WARM_TURNS * turnMs, wantsVectors: true }));
      const samples = firsts.map(({ wall, cpu }) => (wall > ONCE_MS ? { wall: [wall], cpu: [cpu] } : { wall: [], cpu: [] }) as Samples);
      for (let round = 0; round < rounds; round++) {
        for (const [e, engine] of partakers.entries()) {
          if (firsts[e]!.wall > ONCE_MS) continue;
          if (options.threads > 1) await sleep(SETTLE_MS);
          const [start, busy] = [performance.now(), busyMs()];
          const { wall, cpu, calls } = await engine.measure({ batches, atLeastMs: turnMs, wantsVectors: false });
          elapsed += performance.now() - start;
          foreign += busyMs() - busy - cpu * calls;
          samples[e]!.wall.push(wall);
          samples[e]!.cpu.push(cpu);
        }
      }
      for (const [e, engine] of partakers.entries()) {
        const worst = Math.min(...firsts[e]!.vectors!.map((vector, i) => cosine(vector, firsts[0]!.vectors![i]!)));
        rows.push({ workload: workload.name, engine: engine.name, cosine: worst, ...samples[e]! });
      }
      print(rows.slice(-partakers.length));
      checkVectors(rows.slice(-partakers.length));
    }
  } finally {
    for (const engine of engines) engine.end();
  }
  const others = Math.max(0, foreign / elapsed);
  console.log(`other processes used ${others.toFixed(2)} cores meanwhile`);
  return { node: version, threads: options.threads, date: new Date().toISOString(), load, others, rows };
}

/** The first engine may be one of the less exact: two engines agree to the lesser of what both promise. */
function checkVectors(rows: readonly Row[]): void {
  const promise = ({ engine }: Row) => ENGINES[engine]!.leastCosine;
  const wrong = rows.filter((row) => !(row.cosine >= Math.min(promise(row), promise(rows[0]!))));
  if (wrong.length > 0)
    throw new Error(`vectors differ from ${rows[0]!.engine}'s: ${wrong.map(({ engine, cosine }) => `${engine} ${cosine}`).join(", ")}`);
}

interface Samples {
  wall: number[];
  cpu: number[];
}

/** How many times as fast as `other` an engine was: the median over the rounds of their quotients, which a busy moment moves on both sides. */
export function speed(row: Row, other: Row, clock: "wall" | "cpu" = "cpu"): number {
  const rounds = Math.min(row[clock].length, other[clock].length);
  return median(Array.from({ length: rounds }, (_, i) => other[clock][i]! / row[clock][i]!));
}

function print(rows: readonly Row[]): void {
  for (const row of rows) {
    const figures = [Math.min(...row.wall), median(row.wall), Math.min(...row.cpu), median(row.cpu)]
      .map((ms) => ms.toFixed(2).padStart(9))
      .join("");
    console.log(
      `${row.workload.padEnd(8)}  ${row.engine.padEnd(26)}${figures}  x${speed(row, rows[0]!).toFixed(2)}  cosine ${row.cosine.toFixed(6)}`,
    );
  }
}
