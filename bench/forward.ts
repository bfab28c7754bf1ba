/**
 * The whole forward pass on one thread: milliseconds of CPU time (the machine may be busy) for texts of T tokens, a batch of 32 x 128, and a ragged mix.
 *
 *     npx tsx bench/forward.ts [--dtype f32|w8] [--standard] [--rounds 12] [--model FOLDER | --shape bert-base|distilbert|tinybert-4] [--tokens 8,128] [--json]
 *
 * --standard leaves V8's experimental flags alone; --shape takes random weights of that architecture. Without a model: all-MiniLM-L6-v2 of ../shared/data, else its shape.
 * Each figure is the best of the rounds, shapes interleaved, after warm-up.
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { endWithOutput } from "../src/cli/output-end.ts";
import { enableExperimentalSimd } from "../src/kernels/wasm/experimental.ts";
import { engineInfo } from "../src/kernels/wasm/features.ts";
import { loadModel } from "../src/models/load-model.ts";
import type { Model, ModelInput } from "../src/models/types.ts";
import { randomModel, shapes } from "./random-model.ts";

endWithOutput("bench/forward");

interface Workload {
  readonly name: string;
  readonly batch: readonly ModelInput[];
  best: number;
}

const LENGTHS = [8, 16, 32, 64, 128, 256, 512];
const RAGGED_TEXTS = 64;

/** `S` token ids, none of them special. */
function text(S: number, seed: number): ModelInput {
  return { ids: Array.from({ length: S }, (_, i) => 1000 + ((i * 7919 + seed * 104729) % 20000)) };
}

/** 64 texts, 90% of 8 to 24 tokens, 10% of 200 to 256: about 2,300 tokens. */
function raggedMix(): ModelInput[] {
  return Array.from({ length: RAGGED_TEXTS }, (_, i) => text(i % 10 === 9 ? 200 + ((i * 37) % 57) : 8 + ((i * 13) % 17), i));
}

async function time(model: Model, batch: readonly ModelInput[]): Promise<number> {
  const start = process.cpuUsage();
  await model.forward(batch);
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

const { values: options } = parseArgs({
  options: {
    dtype: { type: "string", default: "f32" },
    standard: { type: "boolean", default: false },
    rounds: { type: "string", default: "12" },
    model: { type: "string" },
    shape: { type: "string" },
    tokens: { type: "string" },
    json: { type: "boolean", default: false },
  },
});

async function main(): Promise<void> {
  if (!options.standard) enableExperimentalSimd();
  const minilm = fileURLToPath(new URL("../../shared/data/models/all-MiniLM-L6-v2", import.meta.url));
  const folder = options.model ?? (options.shape === undefined && existsSync(minilm) ? minilm : undefined);
  const shape = options.shape ?? "minilm-l6";
  const source = folder ?? randomModel(shape);
  const model = await loadModel(source, { device: "wasm", dtype: options.dtype as "f32" | "w8", threads: 1 });
  const lengths = options.tokens?.split(",").map(Number) ?? LENGTHS;
  const workloads: Workload[] = lengths.map((S) => ({ name: `${S}`, batch: [text(S, S)], best: Number.POSITIVE_INFINITY }));
  if (options.tokens === undefined) {
    workloads.push({ name: "32x128", batch: Array.from({ length: 32 }, (_, i) => text(128, i)), best: Number.POSITIVE_INFINITY });
    workloads.push({ name: "ragged", batch: raggedMix(), best: Number.POSITIVE_INFINITY });
  }
  const rounds = Number(options.rounds);
  for (let round = 0; round < rounds; round++) {
    for (const workload of workloads) {
      // Long workloads need few rounds, short ones many.
      const repeats = workload.best > 300 ? (round % 4 === 0 ? 1 : 0) : workload.best > 30 ? 1 : 5;
      for (let i = 0; i < repeats; i++) workload.best = Math.min(workload.best, await time(model, workload.batch));
    }
  }
  const { kernels } = engineInfo();
  const result = {
    node: process.version,
    kernels,
    model: folder ?? shape,
    dtype: model.dtype,
    ms: Object.fromEntries(workloads.map(({ name, best }) => [name, best])),
  };
  if (options.json) {
    console.log(JSON.stringify(result));
  } else {
    console.log(`${process.version} ${kernels} ${model.dtype}: CPU ms`);
    console.log(workloads.map(({ name }) => name.padStart(8)).join(""));
    console.log(workloads.map(({ best }) => best.toFixed(best < 100 ? 2 : 0).padStart(8)).join(""));
  }
  model.dispose();
}

if (options.shape !== undefined && !(options.shape in shapes)) {
  console.error(`--shape: expected one of ${Object.keys(shapes).join(", ")}, got ${options.shape}`);
  process.exitCode = 2;
} else {
  await main();
}
