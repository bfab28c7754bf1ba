/**
 * `npm run bench:peers -- [--engines a,b] [--lengths 8,128] [--rounds 7] [--threads 1] [--node PATH] [--no-batches] [--smoke] [--json FILE]`
 *
 * Every engine runs in a process of its own on the same ids and weights. Outputs are compared first (cosine with the first engine),
 * then rounds are interleaved: engine by engine within a round, so that a noisy moment hits all of them. Printed: minimum and median
 * of wall and CPU time a call, and the ratio of each engine's median to the first engine's.
 */
import { type ChildProcess, execFileSync, fork } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ENGINES } from "./engines/index.ts";
import type { Reply, Request } from "./worker.ts";
import { LENGTHS, type Workload, workloads } from "./workloads.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const { values } = parseArgs({
  options: {
    engines: { type: "string", default: "ort-node,ort-node-int8,ort-web,ort-web-int8,hummingbert-f32,hummingbert-w8" },
    lengths: { type: "string", default: LENGTHS.join(",") },
    rounds: { type: "string", default: "7" },
    threads: { type: "string", default: "1" },
    node: { type: "string", default: process.execPath },
    model: { type: "string", default: here("../../../shared/data/models/all-MiniLM-L6-v2") },
    onnx: { type: "string", default: here("./onnx") },
    python: { type: "string", default: "python3" },
    batches: { type: "boolean", default: true },
    smoke: { type: "boolean", default: false },
    json: { type: "string" },
  },
  allowNegative: true,
});

class EngineProcess {
  readonly name: string;
  readonly #child: ChildProcess;

  constructor(name: string) {
    this.name = name;
    const options = { model: values.model, onnx: values.onnx, threads: Number(values.threads) };
    this.#child = fork(here("./worker.ts"), [name, JSON.stringify(options)], { execPath: values.node, execArgv: ["--import", "tsx"] });
  }
  next<T>(): Promise<T> {
    return new Promise((resolve, reject) => {
      const failed = (code: number | null) => reject(new Error(`${this.name} ended with code ${code}`));
      this.#child.once("exit", failed);
      this.#child.once("message", (message) => {
        this.#child.off("exit", failed);
        resolve(message as T);
      });
    });
  }
  measure(workload: Workload, atLeastMs: number): Promise<Reply> {
    this.#child.send({ workload, atLeastMs } satisfies Request);
    return this.next();
  }
  end(): void {
    this.#child.kill();
  }
}

interface Row {
  readonly workload: string;
  readonly engine: string;
  readonly cosine: number;
  readonly wall: readonly number[];
  readonly cpu: readonly number[];
}

const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b);
const median = (values: readonly number[]) => sorted(values)[Math.floor(values.length / 2)]!;
const cosine = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

async function main(): Promise<void> {
  if (!existsSync(`${values.onnx}/model_int8.onnx`)) {
    execFileSync(values.python, [here("./export_onnx.py"), values.model, values.onnx], { stdio: "inherit" });
  }
  const names = values.engines.split(",");
  const unknown = names.filter((name) => !(name in ENGINES));
  if (unknown.length > 0) throw new Error(`unknown engine ${unknown.join(", ")}; expected some of ${Object.keys(ENGINES).join(", ")}`);
  const lengths = values.smoke ? [8, 32] : values.lengths.split(",").map(Number);
  const rounds = values.smoke ? 2 : Number(values.rounds);
  const engines = names.map((name) => new EngineProcess(name));
  await Promise.all(engines.map((engine) => engine.next<"ready">()));
  const version = execFileSync(values.node, ["--version"], { encoding: "utf8" }).trim();
  console.log(`Node ${version}, ${values.threads} thread(s), ${rounds} rounds, load ${loadavg()[0]!.toFixed(2)}; ms a call`);

  const rows: Row[] = [];
  for (const workload of workloads(lengths, values.batches && !values.smoke)) {
    const warm = await inTurn(engines, (engine) => engine.measure(workload, workload.heavy ? 1 : 300));
    const samples = engines.map(() => ({ wall: [] as number[], cpu: [] as number[] }));
    for (let round = 0; round < rounds; round++) {
      await inTurn(engines, async (engine, e) => {
        const reply = await engine.measure(workload, workload.heavy ? 1 : 60);
        samples[e]!.wall.push(reply.wall);
        samples[e]!.cpu.push(reply.cpu);
      });
    }
    engines.forEach((engine, e) => {
      const worst = Math.min(...warm[e]!.vectors.map((vector, i) => cosine(vector, warm[0]!.vectors[i]!)));
      rows.push({ workload: workload.name, engine: engine.name, cosine: worst, ...samples[e]! });
    });
    print(rows.filter((row) => row.workload === workload.name));
  }
  for (const engine of engines) engine.end();
  if (values.json)
    writeFileSync(
      values.json,
      JSON.stringify({ node: version, threads: Number(values.threads), date: new Date().toISOString(), rows }, null, 1),
    );
}

async function inTurn<T>(engines: readonly EngineProcess[], task: (engine: EngineProcess, index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (const [index, engine] of engines.entries()) results.push(await task(engine, index));
  return results;
}

function print(rows: readonly Row[]): void {
  const first = rows[0]!;
  for (const row of rows) {
    const figures = [Math.min(...row.wall), median(row.wall), Math.min(...row.cpu), median(row.cpu)]
      .map((ms) => ms.toFixed(2).padStart(9))
      .join("");
    const speed = (median(first.cpu) / median(row.cpu)).toFixed(2);
    console.log(`${row.workload.padEnd(8)}${row.engine.padEnd(26)}${figures}  x${speed}  cosine ${row.cosine.toFixed(6)}`);
  }
}

main().catch((error) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
