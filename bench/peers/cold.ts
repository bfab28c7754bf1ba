/**
 * Cold start: from spawning a process to its first vector of one 16-token text, candidates in turns, files in the page cache; and the peak of resident
 * memory of a process that embeds one text of 512 tokens. Ours includes the tokenizer and takes the embedded w8 weights; onnxruntime is given ids.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Tokenizer } from "../../src/tokenizers/tokenizer.ts";
import type { EngineOptions } from "./engine.ts";
import type { Programs } from "./process.ts";
import { median } from "./rounds.ts";
import { single } from "./workloads.ts";

export interface ColdRow {
  readonly label: string;
  /** Milliseconds to the first vector, round by round. */
  readonly ms: readonly number[];
  /** CPU milliseconds until then, of all threads. */
  readonly cpu: readonly number[];
  /** MB of resident memory at the peak, after a text of 512 tokens. */
  readonly peakMB: number;
}

interface Start {
  readonly label: string;
  readonly program: string;
  /** The input follows. */
  readonly args: readonly string[];
  readonly takesText: boolean;
}

const TEXT = "The quick brown fox jumps over the lazy dog while the old cat sleeps";
const TOKENS = 16;
const here = (path: string) => new URL(path, import.meta.url);
const file = (path: string) => fileURLToPath(here(path));

export function starts({ model, onnx }: EngineOptions, { node, python }: Programs, has: { onnx: boolean; torch: boolean }): Start[] {
  const weights = file("../../weights/all-MiniLM-L6-v2");
  const ort = (label: string, runtime: string, name: string): Start => ({
    label,
    program: node,
    args: [file("./cold/onnxruntime.mjs"), runtime, `${onnx}/onnx/${name}.onnx`],
    takesText: false,
  });
  const ours = (label: string, module: URL, ...flags: string[]): Start => ({
    label,
    program: node,
    args: [...flags, file("./cold/hummingbert.mjs"), module.href, weights],
    takesText: true,
  });
  const built = here("../../dist/index.js");
  const found = [ours("hummingbert w8, sources under tsx", here("../../src/index.ts"), "--import", "tsx")];
  if (existsSync(built)) found.unshift(ours("hummingbert w8, built", built));
  else console.warn("SKIPPED the built package: no dist/ (npm run build)");
  if (has.onnx) {
    found.push(
      ort("onnxruntime-node int8", "node", "model_quantized"),
      ort("onnxruntime-node fp32", "node", "model"),
      ort("onnxruntime-web int8", "web", "model_quantized"),
      ort("onnxruntime-web fp32", "web", "model"),
    );
    for (const dtype of ["q8", "fp32"]) {
      found.push({
        label: `transformers.js ${dtype}`,
        program: node,
        args: [file("./cold/transformers-js.mjs"), onnx, dtype],
        takesText: true,
      });
    }
  }
  if (has.torch) found.push({ label: "PyTorch", program: python, args: [file("./cold/pytorch.py"), model], takesText: false });
  return found;
}

/** The process's line of JSON, and the time until it came. */
async function run({ label, program, args }: Start, input: object): Promise<{ ms: number; cpu: number; peakMB: number }> {
  const begin = performance.now();
  const child = spawn(program, [...args, JSON.stringify(input)], { cwd: file("."), stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("close", resolve));
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith("{")) continue;
    const ms = performance.now() - begin;
    await ended;
    return { ms, ...(JSON.parse(line) as { cpu: number; peakMB: number }) };
  }
  throw new Error(`${label}: ended without a vector`);
}

export async function measureCold(candidates: readonly Start[], rounds: number): Promise<ColdRow[]> {
  const tokenizer = await Tokenizer.load(file("../../weights/all-MiniLM-L6-v2"));
  const { ids } = tokenizer.encode(TEXT);
  if (ids.length !== TOKENS) throw new Error(`the text of the cold start has ${ids.length} tokens, expected ${TOKENS}`);
  const long = { ids: single([512])[0]!.batches[0]![0] };
  const times = candidates.map(() => ({ ms: [] as number[], cpu: [] as number[] }));
  for (let round = -1; round < rounds; round++) {
    for (const [i, start] of candidates.entries()) {
      const { ms, cpu } = await run(start, start.takesText ? { text: TEXT } : { ids });
      if (round < 0) continue; // the first turn fills the page cache
      times[i]!.ms.push(ms);
      times[i]!.cpu.push(cpu);
    }
  }
  console.log(`\nms to the first vector of ${TOKENS} tokens: min, median, CPU median; MB at the peak, 512 tokens`);
  const rows: ColdRow[] = [];
  for (const [i, start] of candidates.entries()) {
    const { peakMB } = await run(start, long);
    rows.push({ label: start.label, ...times[i]!, peakMB });
    const figures = [Math.min(...times[i]!.ms), median(times[i]!.ms), median(times[i]!.cpu), peakMB]
      .map((value) => value.toFixed(0).padStart(8))
      .join("");
    console.log(`${start.label.padEnd(36)}${figures}`);
  }
  return rows;
}
