/**
 * The speed-up tables of the distillation papers on this engine: true shapes, random weights (time depends on the shape only), one text, one thread.
 *
 *     npx tsx bench/speedup.ts [--tokens 128] [--rounds 8] [--dtype f32|w8]
 *
 * All shapes are in memory and take turns within each round; a figure is the best CPU time of the rounds, so that a busy machine disturbs
 * little. FLOPs and bytes come from the trace of the same forward pass. Energy for 1,000 texts is shown where the machine has counters (energy.ts): the
 * least of the rounds, of the whole machine while the model ran. Writes bench/results/speedup.json.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { endWithOutput } from "../src/cli/output-end.ts";
import { MemoryFiles } from "../src/files/memory.ts";
import { enableExperimentalSimd } from "../src/kernels/wasm/experimental.ts";
import { engineInfo } from "../src/kernels/wasm/features.ts";
import { inspectModel } from "../src/models/inspect.ts";
import { loadModel } from "../src/models/load-model.ts";
import type { Model } from "../src/models/types.ts";
import { startEnergy } from "./energy.ts";
import { randomModel } from "./random-model.ts";

endWithOutput("bench/speedup");

/** The papers' own figures are of whole test runs on a GPU or CPU of theirs, without the embeddings. */
const ROWS = [
  { name: "BERT-base", shape: "bert-base", paper: "1.0" },
  { name: "DistilBERT", shape: "distilbert", paper: "1.63 / 2.0" },
  { name: "TinyBERT-6", shape: "tinybert-6", paper: "2.0" },
  { name: "MiniLM-L12-H384", shape: "minilm-l12", paper: "2.7" },
  { name: "MiniLM-L6-H384", shape: "minilm-l6", paper: "5.3" },
  { name: "TinyBERT-4", shape: "tinybert-4", paper: "9.4" },
] as const;

interface Contestant {
  readonly name: string;
  readonly paper: string;
  readonly model: Model;
  readonly flops: number;
  readonly bytes: number;
  best: number;
  /** Joules a text, at best; infinite without counters. */
  joules: number;
}

/** A counter of energy is renewed about once a millisecond: a turn lasts long enough for its steps not to show. */
const ENERGY_TURN_MS = 100;

/** Joules of one call, the mean of a turn; infinite without counters. */
async function joulesOf(call: () => Promise<unknown>): Promise<number> {
  const joules = startEnergy();
  if (!joules) return Number.POSITIVE_INFINITY;
  const end = performance.now() + ENERGY_TURN_MS;
  let calls = 0;
  do {
    await call();
    calls++;
  } while (performance.now() < end);
  return joules() / calls;
}

const { values: options } = parseArgs({
  options: {
    tokens: { type: "string", default: "128" },
    rounds: { type: "string", default: "8" },
    dtype: { type: "string", default: "f32" },
  },
});

async function main(tokens: number, rounds: number, dtype: "f32" | "w8"): Promise<void> {
  enableExperimentalSimd();
  const contestants: Contestant[] = [];
  for (const { name, shape, paper } of ROWS) {
    const files = randomModel(shape);
    const { pass } = await inspectModel(new MemoryFiles(files), tokens);
    const model = await loadModel(files, { device: "wasm", dtype, threads: 1 });
    contestants.push({
      name,
      paper,
      model,
      flops: pass!.flops,
      bytes: pass!.bytes,
      best: Number.POSITIVE_INFINITY,
      joules: Number.POSITIVE_INFINITY,
    });
  }
  const batch = [{ ids: Array.from({ length: tokens }, (_, s) => 1000 + ((s * 7919) % 20000)) }];
  for (let round = -1; round < rounds; round++) {
    for (const contestant of contestants) {
      const start = process.cpuUsage();
      await contestant.model.forward(batch);
      const { user, system } = process.cpuUsage(start);
      if (round < 0) continue;
      contestant.best = Math.min(contestant.best, (user + system) / 1000);
      contestant.joules = Math.min(contestant.joules, await joulesOf(() => contestant.model.forward(batch)));
    }
  }
  const base = contestants[0]!;
  const rows = contestants.map(({ name, paper, flops, bytes, best, joules }) => ({
    name,
    paper,
    ms: best,
    timeRatio: base.best / best,
    gflop: flops / 1e9,
    flopRatio: base.flops / flops,
    megabytes: bytes / 1e6,
    /** Joules for 1,000 texts; null in JSON without counters. */
    energy: 1000 * joules,
  }));
  const about = {
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    cpu: cpus()[0]?.model.trim(),
    kernels: engineInfo().kernels,
    dtype,
    tokens,
    rounds,
  };
  mkdirSync(new URL("results/", import.meta.url), { recursive: true });
  writeFileSync(new URL("results/speedup.json", import.meta.url), `${JSON.stringify({ ...about, rows }, null, 2)}\n`);
  console.log(`${about.date}, ${about.cpu}, Node ${about.node}, ${about.kernels}, ${dtype}, 1 text of ${tokens} tokens, 1 thread\n`);
  const hasEnergy = rows.every(({ energy }) => Number.isFinite(energy));
  const columns = ["model", "paper", "time here", "CPU ms", "FLOP ratio", "GFLOP", "MB touched", ...(hasEnergy ? ["J / 1,000 texts"] : [])];
  console.log(`| ${columns.join(" | ")} |\n|${" --- |".repeat(columns.length)}`);
  for (const { name, paper, ms, timeRatio, gflop, flopRatio, megabytes, energy } of rows) {
    const cells = [name, paper, timeRatio.toFixed(2), ms.toFixed(1), flopRatio.toFixed(2), gflop.toFixed(2), megabytes.toFixed(0)];
    console.log(`| ${[...cells, ...(hasEnergy ? [energy.toFixed(0)] : [])].join(" | ")} |`);
  }
  for (const { model } of contestants) model.dispose();
}

await main(Number(options.tokens), Number(options.rounds), options.dtype as "f32" | "w8");
