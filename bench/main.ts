/**
 * `npm run bench [-- NAME...] [--backend wasm,loops] [--shape minilm] [--tokens 8,128] [--rounds 5] [--standard] [--json [FILE.json]] [--compare A B]`
 *
 * Kernel microbenchmarks at the shapes of real models. Every result is verified against the reference before it is timed; candidates take turns
 * round by round, so that a noisy moment hits all of them; times are the median of all samples of the package `benchmark`, with the median distance
 * from it. Rates are compared with the peak of multiply-adds on registers measured in the same run. `--json` alone prints one line of JSON instead of the table.
 *
 * GPU backends are in a package of their own: `npm --prefix test/gpu run kernels -- gather --backend webgpu,wasm` (also gpujs-cpu, gpujs-webasm) sets up what
 * they need and runs this file. A call there is a whole pass, with submitting and reading the result back.
 */
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import Benchmark from "benchmark";
import { endWithOutput } from "../src/cli/output-end.ts";
import { createBackend } from "../src/kernels/choose.ts";
import { enableExperimentalSimd } from "../src/kernels/wasm/experimental.ts";
import { engineInfo } from "../src/kernels/wasm/features.ts";
import type { Backend } from "../src/tensor/backend.ts";
import type { BackendDevice } from "../src/tensor/device.ts";
import { type BenchFile, type BenchRow, compare } from "./compare.ts";
import { type Job, jobsOf } from "./ops.ts";
import { type BenchOptions, GPU, readOptions } from "./options.ts";
import { measurePeaks } from "./peak.ts";
import { MODELS } from "./shapes.ts";

endWithOutput("bench");

/** A GPU's division, exp and order of sums are its own. */
const GPU_TOLERANCE = 8;

interface Candidate {
  readonly job: Job;
  readonly backend: string;
  readonly shape: string;
  readonly bench: Benchmark;
  readonly samples: number[];
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options.compare) {
    for (const line of compare(...options.compare)) console.log(line);
    return;
  }
  if (!options.standard) enableExperimentalSimd();
  const backends = new Map<string, Backend>();
  const jobs = chosenJobs(options);
  for (const name of options.backends) backends.set(name, await openBackend(name));
  const { backend: reference } = await createBackend({ device: "reference" });
  const candidates: Candidate[] = [];
  for (const [job, shape] of jobs) candidates.push(...(await candidatesOf(job, shape, backends, reference)));
  const peaks = measurePeaks();
  for (let round = 0; round < options.rounds; round++) {
    for (const { bench, samples } of candidates) {
      await finished(bench);
      samples.push(...bench.stats.sample);
    }
  }
  const rows = candidates.map((candidate) => toRow(candidate, peaks));
  for (const backend of backends.values()) backend.dispose();
  const file: BenchFile = {
    machine: cpus()[0]?.model ?? "unknown",
    node: process.version,
    kernels: engineInfo().kernels,
    date: new Date().toISOString(),
    peaks,
    rows,
  };
  if (options.json && options.jsonFile === undefined) {
    console.log(JSON.stringify(file));
    return;
  }
  console.log(
    `Node ${process.version}, ${engineInfo().kernels}; peak ${peaks.f32.toFixed(0)} GFLOP/s f32, ${peaks.w8.toFixed(0)} GOPS W8A16; reads 2 MiB at ${peaks.cache.toFixed(0)} GB/s, 128 MiB at ${peaks.memory.toFixed(0)} GB/s`,
  );
  for (const row of rows) print(row);
  if (options.jsonFile !== undefined) writeFileSync(options.jsonFile, JSON.stringify(file, null, 1));
}

/** The operations that were asked for, each with its shape's name. A name that chooses nothing is a mistake, also beside one that does. */
function chosenJobs({ names, shapes, tokens }: BenchOptions): [job: Job, shape: string][] {
  const all = shapes.flatMap((shape) => tokens.flatMap((T) => jobsOf(MODELS[shape]!, T).map((job): [Job, string] => [job, shape])));
  const unknown = names.filter((name) => !all.some(([job]) => job.name.startsWith(name)));
  if (unknown.length > 0) {
    const known = [...new Set(all.map(([job]) => job.name.split(" ")[0]))];
    throw new Error(`no operation is called ${unknown.join(" or ")}; expected some of ${known.join(", ")}`);
  }
  return names.length === 0 ? all : all.filter(([job]) => names.some((name) => job.name.startsWith(name)));
}

async function openBackend(name: string): Promise<Backend> {
  if (!GPU.includes(name)) return (await createBackend({ device: name as "wasm", threads: 1 })).backend;
  const devices = "../test/gpu/devices.ts"; // its packages are installed there only, so TypeScript must not follow
  try {
    const { deviceNamed } = (await import(devices)) as { deviceNamed(name: string): BackendDevice };
    return await deviceNamed(name).createBackend();
  } catch (error) {
    throw new Error(`${name}: run npm --prefix test/gpu install and npm --prefix test/gpu run kernels (${(error as Error).message})`);
  }
}

/** A run of all samples; a GPU's calls end later than they return. */
function finished(bench: Benchmark): Promise<void> {
  bench.reset();
  return new Promise((resolve, reject) => {
    bench.off("complete error");
    bench.on("complete", () => (bench.error ? reject(bench.error) : resolve()));
    bench.run();
  });
}

/** The job on every backend, verified. */
async function candidatesOf(job: Job, shape: string, backends: ReadonlyMap<string, Backend>, reference: Backend): Promise<Candidate[]> {
  const expected = (await reference.pass(() => [job.prepare(reference)()]))[0]!;
  const candidates: Candidate[] = [];
  for (const [name, backend] of backends) {
    const run = job.prepare(backend);
    const found = (await backend.pass(() => [run()]))[0]!;
    const error = found.reduce((max, value, i) => Math.max(max, Math.abs(value - expected[i]!)), 0);
    const isGpu = GPU.includes(name);
    const allowed = isGpu ? GPU_TOLERANCE * job.tolerance : job.tolerance;
    if (!(error <= allowed)) throw new Error(`${name} ${job.name}: differs from the reference by ${error}, at most ${allowed} is right`);
    // A pass runs its body at once and frees what it staged; its promise only hands out results, of which there are none here.
    const call = () => {
      void backend.pass(() => {
        run();
        return [];
      });
    };
    const awaited = (deferred: { resolve(): void }) => void backend.pass(() => [run()]).then(() => deferred.resolve());
    const bench = new Benchmark(job.name, isGpu ? awaited : call, { maxTime: 0.05, minSamples: 5, initCount: 1, defer: isGpu });
    candidates.push({ job, backend: name, shape, bench, samples: [] });
  }
  return candidates;
}

function toRow({ job, backend, shape, samples }: Candidate, peaks: { f32: number; w8: number }): BenchRow {
  const seconds = median(samples);
  const gflops = job.flops / seconds / 1e9;
  const isProduct = /^(linear|matmul|attention)/.test(job.name) && !GPU.includes(backend); // the peak is the processor's
  const peak = job.name.startsWith("linear-w8") ? peaks.w8 : peaks.f32;
  return {
    job: job.name,
    shape,
    backend,
    median: seconds,
    spread: median(samples.map((sample) => Math.abs(sample - seconds))),
    gflops,
    gbs: job.bytes / seconds / 1e9,
    ...(isProduct && { ofPeak: gflops / peak }),
  };
}

function print({ job, shape, backend, median: seconds, spread, gflops, gbs, ofPeak }: BenchRow): void {
  const time = `${(seconds * 1e6).toFixed(1).padStart(10)} us ±${((100 * spread) / seconds).toFixed(1).padStart(4)}%`;
  const rates = `${gflops.toFixed(2).padStart(8)} GFLOP/s ${gbs.toFixed(2).padStart(7)} GB/s`;
  console.log(
    `${backend.padEnd(10)} ${shape.padEnd(10)} ${job.padEnd(33)} ${time} ${rates}${ofPeak === undefined ? "" : ` ${(100 * ofPeak).toFixed(0).padStart(4)}% of peak`}`,
  );
}

main().catch((error) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
