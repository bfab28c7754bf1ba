/**
 * `npm run bench:peers -- [--engines a,b] [--lengths 8,128] [--batches 32x128,ragged,sts-b] [--rounds 7] [--threads 1] [--node PATH] [--json FILE]`
 *
 * Every engine runs in a process of its own on the same ids and weights; outputs are compared before they are timed; rounds are interleaved (rounds.ts).
 *   --cold      cold start and peak memory instead          --sizes    installed bytes instead
 *   --smoke     a few seconds of everything, or of what the other options ask for (one round, two texts of a batch): does it still work?
 *   --publish   all that docs/performance.md shows (10 minutes on a quiet machine), and the page; --nodes PATH,PATH adds other versions of Node,
 *               --parts main,batches,cold,oldest,newest,threads,kernels,shapes,sizes measures only some anew
 *   --report    the page again, from the figures of the last --publish
 * Python is optional (--python PATH): with onnx and onnxruntime it writes the ONNX peers' files, with torch and transformers it is a peer.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { endWithOutput } from "../../src/cli/output-end.ts";
import { measureCold, starts } from "./cold.ts";
import type { EngineOptions } from "./engine.ts";
import { ENGINES } from "./engines/index.ts";
import { PARTS, publish } from "./publish.ts";
import { writeReport } from "./report.ts";
import { compareEngines } from "./rounds.ts";
import { measureSizes } from "./sizes.ts";
import { BATCHES, batches, LENGTHS, single, type Workload } from "./workloads.ts";

endWithOutput("bench/peers");

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
/** Ours, and one peer. */
const SMOKE_STARTS = 3;
const SMOKE_TURN_MS = 10;
const SMOKE = "hummingbert-w8,hummingbert-f32,ort-node,ort-web-int8,transformers-js,tfjs-wasm,jax-js,pytorch";
const STANDARD =
  "ort-node,ort-node-single,ort-node-buckets,ort-node-int8,ort-node-int8-single,ort-web,ort-web-int8,hummingbert-f32,hummingbert-w8";
const { values } = parseArgs({
  options: {
    engines: { type: "string" },
    lengths: { type: "string" },
    batches: { type: "string" },
    rounds: { type: "string", default: "7" },
    threads: { type: "string", default: "1" },
    node: { type: "string", default: process.execPath },
    nodes: { type: "string", default: "" },
    model: { type: "string" },
    onnx: { type: "string", default: here("./onnx/minilm") },
    python: { type: "string", default: "python3" },
    cold: { type: "boolean", default: false },
    sizes: { type: "boolean", default: false },
    smoke: { type: "boolean", default: false },
    publish: { type: "boolean", default: false },
    parts: { type: "string", default: "" },
    report: { type: "boolean", default: false },
    json: { type: "string" },
  },
});

/** A path as the user sees it: npm runs this in bench/peers. */
const given = (path: string) => resolve(process.env.INIT_CWD ?? ".", path);

export interface Available {
  readonly onnx: boolean;
  readonly torch: boolean;
}

/** What the peers need and this machine has; what is missing is said aloud. */
function prepare({ model, onnx }: EngineOptions, wantsTorch: boolean): Available {
  if (!existsSync(`${onnx}/onnx/model_quantized.onnx`)) {
    try {
      execFileSync(values.python, [here("./export_onnx.py"), model, onnx], { stdio: "inherit" });
    } catch {
      console.warn(
        `SKIPPED onnxruntime and transformers.js: ${values.python} could not write their ONNX files (pip install onnx onnxruntime safetensors sympy)`,
      );
    }
  }
  const torch = wantsTorch && spawnSync(values.python, ["-c", "import torch, transformers"], { stdio: "ignore" }).status === 0;
  if (wantsTorch && !torch) console.warn(`SKIPPED PyTorch: ${values.python} lacks it (pip install torch transformers safetensors)`);
  return { onnx: existsSync(`${onnx}/onnx/model_quantized.onnx`), torch };
}

async function main(): Promise<void> {
  if (values.report) return writeReport();
  const { smoke } = values;
  const names = chosen("engine", values.engines ?? (smoke ? SMOKE : STANDARD), Object.keys(ENGINES));
  const lengths = (values.lengths ?? LENGTHS.join(","))
    .split(",")
    .filter(Boolean)
    .map((length) => positive("lengths", length));
  const batchNames = chosen("batch", values.batches ?? (smoke ? "" : "32x128,ragged"), BATCHES);
  const parts = chosen("part", values.parts, PARTS);
  if (parts.length > 0 && !values.publish)
    throw new Error("--parts says what --publish measures anew; without --publish there are no parts");
  const f32 = here("../../../shared/data/models/all-MiniLM-L6-v2");
  const model = values.model ? given(values.model) : existsSync(f32) ? f32 : here("../../weights/all-MiniLM-L6-v2");
  const options: EngineOptions = { model, onnx: given(values.onnx), threads: positive("threads", values.threads) };
  const programs = { node: values.node, python: values.python };
  const stsFile = here("../../../shared/data/stsb/stsb-en-test.csv");

  if (values.sizes) return void measureSizes();
  const has = prepare(options, values.publish || values.cold || names.includes("pytorch"));
  if (values.publish)
    return publish({
      engine: options,
      programs,
      nodes: values.nodes.split(",").filter(Boolean),
      has,
      stsFile,
      rounds: positive("rounds", values.rounds),
      parts,
    });
  const rounds = smoke ? 1 : positive("rounds", values.rounds);
  const cold = () => (smoke ? starts(options, programs, { ...has, torch: false }).slice(0, SMOKE_STARTS) : starts(options, programs, has));
  if (values.cold) return void (await measureCold(cold(), rounds));

  const able = names.filter((name) => ENGINES[name]!.needs === "nothing" || has[ENGINES[name]!.needs as keyof Available]);
  const several = await batches(batchNames, stsFile);
  const workloads = smoke ? [...single(lengths.slice(0, 1)), ...several.map(taste)] : [...single(lengths), ...several];
  const run = await compareEngines(able, workloads, rounds, options, programs, smoke ? SMOKE_TURN_MS : undefined);
  if (smoke && values.engines === undefined && values.batches === undefined) {
    await measureCold(cold(), rounds);
    measureSizes();
  }
  if (values.json) writeFileSync(given(values.json), JSON.stringify(run));
}

/** Two texts of the first batch. */
function taste(workload: Workload): Workload {
  return { ...workload, batches: workload.batches.slice(0, 1).map((texts) => texts.slice(0, 2)) };
}

/** The names of a list with commas. */
function chosen<Name extends string>(what: string, text: string, known: readonly Name[]): Name[] {
  const names = text.split(",").filter(Boolean);
  const unknown = names.filter((name) => !known.includes(name as Name));
  if (unknown.length > 0) throw new Error(`unknown ${what} ${unknown.join(", ")}; expected some of ${known.join(", ")}`);
  return names as Name[];
}

function positive(what: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${what} is ${text}; expected a whole number from 1`);
  return value;
}

main().catch((error) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
