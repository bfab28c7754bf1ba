/**
 * Several threads against one, in one run: wall milliseconds, shapes and thread counts interleaved, and the cost of a barrier.
 *
 *     npx tsx bench/threads.ts [--threads 2] [--dtype f32|w8] [--rounds 12] [--tokens 8,64,128] [--burner] [--standard] [--json]
 *
 * --burner runs beside a process that burns one core. The speed-up is the median over the rounds of (one thread / several) in the same round, so that a
 * machine that is busy now and then moves both sides of a quotient; each side begins with a pass that is not timed, for the other side's weights are in the caches; `load` says how busy it was, and `CPU` is the processor time of several threads over that
 * of one (their overhead, spinning included, which a busy machine hardly changes). Without ../shared/data: random weights of MiniLM's shape.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { endWithOutput } from "../src/cli/output-end.ts";
import { enableExperimentalSimd } from "../src/kernels/wasm/experimental.ts";
import { currentLevel, engineInfo } from "../src/kernels/wasm/features.ts";
import { ThreadedBackend } from "../src/kernels/wasm/threads/backend.ts";
import { sharedMemory } from "../src/kernels/wasm/threads/support.ts";
import type { EncoderModel } from "../src/models/encoder-model.ts";
import { loadModel } from "../src/models/load-model.ts";
import type { ModelInput } from "../src/models/types.ts";
import { randomModel } from "./random-model.ts";

endWithOutput("bench/threads");

const { values: options } = parseArgs({
  options: {
    threads: { type: "string", default: "2" },
    dtype: { type: "string", default: "f32" },
    rounds: { type: "string", default: "12" },
    tokens: { type: "string", default: "8,16,32,64,128,512" },
    burner: { type: "boolean", default: false },
    standard: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});

const text = (S: number, seed: number): ModelInput => ({
  ids: Array.from({ length: S }, (_, i) => 1000 + ((i * 7919 + seed * 104729) % 20000)),
});
const median = (values: number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!;

async function started(backend: ThreadedBackend): Promise<void> {
  backend.start();
  while (!backend.isUp) await sleep(5);
}

interface Times {
  readonly wall: number;
  readonly cpu: number;
}

/** Milliseconds a call. */
async function time(model: EncoderModel, batch: readonly ModelInput[], repeats: number): Promise<Times> {
  await model.forward(batch);
  const start = performance.now();
  const used = process.cpuUsage();
  for (let i = 0; i < repeats; i++) await model.forward(batch);
  const { user, system } = process.cpuUsage(used);
  return { wall: (performance.now() - start) / repeats, cpu: (user + system) / 1000 / repeats };
}

/** Microseconds from phase to phase where each phase is one tiny task a thread. */
async function barrier(threads: number): Promise<number> {
  const backend = new ThreadedBackend(currentLevel(), sharedMemory()!, threads);
  const rows = 96 * threads; // cut by rows
  const linear = backend.linear([{ dtype: "F32", rows: 64, cols: 4096, bytes: new Uint8Array(4 * 64 * 4096) }]);
  const long = backend.constant(new Float32Array(4096 * rows), rows, 4096);
  const x = backend.constant(new Float32Array(4 * rows), rows, 4);
  await started(backend);
  const pass = (phases: number) =>
    backend.pass(() => {
      backend.project(backend.alloc(rows, 64), long, linear); // enough work for the workers to be woken
      for (let i = 0; i < phases; i++) {
        backend.frame(() => {
          const out = backend.alloc(rows, 4);
          backend.stretch(rows, (block) => backend.scale(out.slice(block), x.slice(block), 2));
        });
      }
      return [];
    });
  const best = [0, 2000].map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < 30; round++) {
    for (const [i, phases] of [1000, 3000].entries()) {
      const start = performance.now();
      await pass(phases);
      best[i] = Math.min(best[i]!, performance.now() - start);
    }
  }
  backend.dispose();
  return (1000 * (best[1]! - best[0]!)) / 2000; // recording included: about 0.3 us a phase
}

async function main(): Promise<void> {
  if (!options.standard) enableExperimentalSimd();
  const threads = Number(options.threads);
  const minilm = fileURLToPath(new URL("../../shared/data/models/all-MiniLM-L6-v2", import.meta.url));
  const source = existsSync(minilm) ? minilm : randomModel("minilm-l6");
  const load = (count: number) => loadModel(source, { device: "wasm", dtype: options.dtype as "f32" | "w8", threads: count });
  const [one, several] = [(await load(1)) as EncoderModel, (await load(threads)) as EncoderModel];
  await started(several.backend as ThreadedBackend);
  const burner = options.burner ? spawn(process.execPath, ["-e", "for (;;);"]) : undefined;
  const workloads: { name: string; batch: ModelInput[]; ones: Times[]; manies: Times[] }[] = [
    ...options.tokens.split(",").map((S) => ({ name: S, batch: [text(Number(S), 1)], ones: [], manies: [] })),
    { name: "32x16", batch: Array.from({ length: 32 }, (_, i) => text(16, i)), ones: [], manies: [] },
    { name: "8x128", batch: Array.from({ length: 8 }, (_, i) => text(128, i)), ones: [], manies: [] },
  ];
  for (const { batch } of workloads) for (const model of [one, several]) await time(model, batch, 3);
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const { batch, ones, manies } of workloads) {
      const repeats = batch.length === 1 && batch[0]!.ids.length <= 64 ? 10 : 2;
      ones.push(await time(one, batch, repeats));
      manies.push(await time(several, batch, repeats));
    }
  }
  burner?.kill();
  one.dispose();
  several.dispose();
  const rows = workloads.map(({ name, ones, manies }) => ({
    name,
    one: Math.min(...ones.map(({ wall }) => wall)),
    several: Math.min(...manies.map(({ wall }) => wall)),
    speedup: median(ones.map(({ wall }, i) => wall / manies[i]!.wall)),
    cpu: Math.min(...manies.map(({ cpu }) => cpu)) / Math.min(...ones.map(({ cpu }) => cpu)),
  }));
  const barrierMicroseconds = await barrier(threads);
  const { kernels } = engineInfo();
  const load1 = loadavg()[0]!;
  if (options.json) {
    console.log(JSON.stringify({ node: process.version, kernels, dtype: options.dtype, threads, load: load1, barrierMicroseconds, rows }));
    return;
  }
  console.log(
    `${process.version} ${kernels} ${options.dtype}, ${threads} threads${burner ? " beside a burner" : ""}, load ${load1.toFixed(1)}`,
  );
  console.log("tokens     one ms (best)   several ms (best)   best/best   median speed-up    CPU");
  for (const { name, one: a, several: b, speedup, cpu } of rows) {
    console.log(
      `${name.padEnd(8)} ${a.toFixed(2).padStart(12)} ${b.toFixed(2).padStart(18)} ${(a / b).toFixed(2).padStart(14)} ${speedup.toFixed(2).padStart(14)} ${cpu.toFixed(2).padStart(10)}`,
    );
  }
  console.log(`barrier and recording: ${barrierMicroseconds.toFixed(2)} us a phase`);
}

await main();
