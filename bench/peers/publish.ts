/**
 * Everything that docs/performance.md shows, part by part, each saved as soon as it is measured; then the page. The list of parts is the list of
 * commands that the page names.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, release, tmpdir, type } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { measureCold, starts } from "./cold.ts";
import type { EngineOptions } from "./engine.ts";
import { ENGINES } from "./engines/index.ts";
import { FIGURES, FIGURES_FILE, type Figures, type Shape } from "./figures.ts";
import type { Programs } from "./process.ts";
import { writeReport } from "./report.ts";
import { compareEngines, type Row, type Run } from "./rounds.ts";
import { measureSizes } from "./sizes.ts";
import { batches, LENGTHS, single } from "./workloads.ts";

/** What is measured and saved by itself. */
export const PARTS = ["main", "batches", "cold", "oldest", "newest", "threads", "kernels", "shapes", "sizes"] as const;
type Part = (typeof PARTS)[number];

export interface PublishOptions {
  readonly engine: EngineOptions;
  readonly programs: Programs;
  /** Other versions of Node: the oldest and the newest are measured too. */
  readonly nodes: readonly string[];
  readonly has: { readonly onnx: boolean; readonly torch: boolean };
  readonly stsFile: string;
  /** Rounds of a comparison; batches get half. */
  readonly rounds: number;
  /** Empty: all. */
  readonly parts: readonly Part[];
}

const MAIN = [
  "ort-node",
  "hummingbert-f32",
  "hummingbert-w8",
  "hummingbert-f32-standard",
  "hummingbert-w8-standard",
  "ort-node-int8",
  "ort-web",
  "ort-web-wide",
  "ort-web-int8",
  "transformers-js",
  "transformers-js-q8",
  "pytorch",
  "tfjs-wasm",
  "jax-js",
];
const FEEDINGS = ["ort-node-single", "ort-node-buckets", "ort-node-int8-single", "ort-web-single", "ort-web-int8-single"];
const BATCHES = ["32x128", "ragged", "sts-b"];
const isBatch = ({ workload }: Row) => BATCHES.includes(workload);
const SHAPES = ["minilm-l6", "tinybert-4", "distilbert", "bert-base"];
const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const major = (node: string) => Number.parseInt(execFileSync(node, ["--version"], { encoding: "utf8" }).slice(1), 10);

export async function publish({ engine, programs, nodes, has, stsFile, rounds, parts }: PublishOptions): Promise<void> {
  mkdirSync(FIGURES, { recursive: true });
  let figures: Figures = existsSync(FIGURES_FILE) ? JSON.parse(readFileSync(FIGURES_FILE, "utf8")) : {};
  const save = (part: Partial<Figures>) => {
    figures = { ...figures, ...part };
    writeFileSync(FIGURES_FILE, `${JSON.stringify(figures, rounded)}\n`);
  };
  const wants = (part: Part) => parts.length === 0 || parts.includes(part);
  const able = (names: readonly string[]) =>
    names.filter((name) => ENGINES[name]!.needs === "nothing" || has[ENGINES[name]!.needs as "onnx" | "torch"]);
  const byAge = [...nodes].sort((a, b) => major(a) - major(b));
  const compare = (
    names: string[],
    lengths: readonly number[],
    several: string[],
    rounds: number,
    node: string,
    threads = 1,
  ): Promise<Run> =>
    batches(several, stsFile).then((more) =>
      compareEngines(able(names), [...single(lengths), ...more], rounds, { ...engine, threads }, { ...programs, node }),
    );
  const script = (...args: string[]) => execFileSync(programs.node, ["--import", "tsx", ...args], { cwd: ROOT, encoding: "utf8" });

  save({ machine: machine(), versions: versions(programs, has) });
  if (wants("main")) {
    const lengths = await compare(MAIN, LENGTHS, [], rounds, programs.node);
    save({ main: { ...lengths, rows: [...lengths.rows, ...(figures.main?.rows ?? []).filter(isBatch)] } });
  }
  if (wants("batches") && figures.main) {
    const names = [...MAIN.filter((name) => !/^transformers-js|-wide$/.test(name)), ...FEEDINGS];
    const several = await compare(names, [], BATCHES, Math.floor(rounds / 2), programs.node);
    const { main } = figures;
    save({
      main: {
        ...main,
        others: Math.max(main.others, several.others),
        rows: [...main.rows.filter((row) => !isBatch(row)), ...several.rows],
      },
    });
  }
  if (wants("cold")) save({ cold: { node: version(programs.node), rows: await measureCold(starts(engine, programs, has), rounds) } });
  if (wants("oldest") && byAge[0] && major(byAge[0]) < major(programs.node)) {
    save({
      oldest: await compare(
        ["ort-web", "hummingbert-f32", "hummingbert-w8", "hummingbert-f32-standard", "ort-web-int8"],
        LENGTHS,
        ["32x128"],
        Math.ceil(0.7 * rounds),
        byAge[0],
      ),
    });
  }
  if (wants("newest") && byAge.length > 0 && major(byAge.at(-1)!) > major(programs.node)) {
    save({
      newest: await compare(
        ["ort-node", "hummingbert-f32", "hummingbert-w8", "ort-web", "ort-web-int8"],
        LENGTHS,
        ["32x128"],
        Math.ceil(0.7 * rounds),
        byAge.at(-1)!,
      ),
    });
  }
  if (wants("threads")) {
    save({
      threads: await compare(
        ["ort-node", "hummingbert-f32", "hummingbert-w8", "ort-node-int8", "pytorch"],
        [8, 32, 64, 128, 512],
        ["32x128"],
        Math.ceil(0.7 * rounds),
        programs.node,
        2,
      ),
    });
  }
  if (wants("kernels")) {
    const file = join(tmpdir(), `hummingbert-kernels-${process.pid}.json`);
    console.log(script("bench/main.ts", "--backend", "loops,wasm", "--rounds", "3", "--json", file));
    save({ kernels: JSON.parse(readFileSync(file, "utf8")), gemm: JSON.parse(script("bench/gemm.ts", "--json")) });
    rmSync(file);
  }
  if (wants("shapes")) {
    const shapes: Shape[] = [];
    for (const name of SHAPES) {
      for (const dtype of ["f32", "w8"] as const) {
        const { ms } = JSON.parse(
          script("bench/forward.ts", "--shape", name, "--dtype", dtype, "--tokens", "8,32,128,512", "--rounds", "4", "--json"),
        );
        shapes.push({ name, dtype, ms });
        console.log(name, dtype, ms);
      }
    }
    save({ shapes });
  }
  if (wants("sizes")) save({ sizes: measureSizes() });
  await writeReport();
}

/** Four digits say all there is to say. */
const rounded = (_: string, value: unknown) =>
  typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(value < 1 ? 6 : 4)) : value;

const version = (program: string) => execFileSync(program, ["--version"], { encoding: "utf8" }).trim();

function machine(): NonNullable<Figures["machine"]> {
  const info = existsSync("/proc/cpuinfo") ? readFileSync("/proc/cpuinfo", "utf8") : "";
  const field = (name: string) => new RegExp(`^${name}\\s*: (.*)$`, "m").exec(info)?.[1] ?? "";
  const flags = field("flags")
    .split(" ")
    .filter((flag) => /^(avx2|fma|avx512f|avx512_vnni|avx_vnni|avx512_bf16)$/.test(flag));
  const family = field("cpu family");
  return {
    cpu: `${cpus()[0]!.model}${family && `, family ${family}, model ${field("model")}`}`,
    cores: cpus().length,
    flags,
    os: `${type()} ${release()}`,
  };
}

function versions({ python }: Programs, has: PublishOptions["has"]): Record<string, string> {
  const installed = (name: string) =>
    JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), "utf8")).version as string;
  const found: Record<string, string> = {};
  for (const name of ["onnxruntime-node", "onnxruntime-web", "@huggingface/transformers", "@tensorflow/tfjs-backend-wasm", "@jax-js/jax"])
    found[name] = installed(name);
  if (has.torch) {
    const [torch, transformers] = execFileSync(
      python,
      ["-c", "import torch, transformers; print(torch.__version__, transformers.__version__)"],
      { encoding: "utf8" },
    )
      .trim()
      .split(" ");
    Object.assign(found, { torch, "transformers (Python)": transformers });
  }
  return found;
}
