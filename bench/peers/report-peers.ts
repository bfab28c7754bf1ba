/** Sections of docs/performance.md that set hummingbert beside its peers: one text, batches, the aims, two threads. */
import { latencyChart, raggedChart } from "./charts.ts";
import type { Figures } from "./figures.ts";
import { median, type Run, speed } from "./rounds.ts";
import { command, cosines, draw, find, forwardOperations, GROUP_HEAD, percent, speeds, table, times, x } from "./tables.ts";
import { batches, LENGTHS } from "./workloads.ts";

const SINGLE = LENGTHS.map((T) => `T=${T}`);
const ENGINES_1 = [
  "hummingbert-f32",
  "hummingbert-w8",
  "hummingbert-f32-standard",
  "hummingbert-w8-standard",
  "ort-node",
  "ort-node-int8",
  "transformers-js",
  "transformers-js-q8",
  "ort-web",
  "ort-web-wide",
  "ort-web-int8",
  "pytorch",
  "tfjs-wasm",
  "jax-js",
];
const BATCH_ENGINES = [
  ...ENGINES_1.slice(0, 5),
  "ort-node-single",
  "ort-node-buckets",
  "ort-node-int8",
  "ort-node-int8-single",
  "ort-web",
  "ort-web-single",
  "ort-web-int8",
  "ort-web-int8-single",
  "pytorch",
];

function multiple(
  run: Run | undefined,
  engine: string,
  other: string,
  workload: string,
  clock: "wall" | "cpu" = "cpu",
): number | undefined {
  const [row, against] = run ? [find(run, engine, workload), find(run, other, workload)] : [];
  return row && against ? speed(row, against, clock) : undefined;
}

export function head({ machine, main, versions, kernels }: Figures): string {
  if (!main) return "# Performance";
  const file = draw("perf-latency.svg", latencyChart(main));
  const flags = machine?.flags ?? [];
  const ort128 = find(main, "ort-node", "T=128");
  const rate = ort128 && forwardOperations(384, 1536, 6, 128) / median(ort128.cpu) / 1e6;
  const ours128 = find(main, "hummingbert-f32", "T=128");
  const caveat =
    rate && ours128 && kernels
      ? `**What the machine gives to whom.** Native code uses ${flags.includes("avx512f") ? "AVX-512 and VNNI" : "all of the machine's SIMD"}, which V8 does not: WebAssembly reaches 256 bits at most, whose peak here is ${kernels.peaks.f32.toFixed(0)} GFLOP/s of f32
on one core (measured, below). A pass of 128 tokens runs at ${rate.toFixed(0)} GFLOP/s in onnxruntime-node's fp32 and at ${(forwardOperations(384, 1536, 6, 128) / median(ours128.cpu) / 1e6).toFixed(0)} here in f32.${rate > kernels.peaks.f32 ? " The former is above that peak: no WebAssembly can equal it on this machine, however good its kernels." : ""}
A Zen 4 executes AVX-512 in 256-bit halves, a Zen 5 in full width (2026-11-30, Node 24 and 26, three rounds): there onnxruntime-node ran at 169 GFLOP/s, above WebAssembly's peak of 134, and f32 was 0.65 to 1.00 times as fast,
w8 1.12 to 2.91 times. So does an Intel Xeon (model 167, 2026-11-29): 98 GFLOP/s beside WebAssembly's peak of 112, f32 0.71 to 0.88 times as fast, w8 1.24 to 2.94 times.
W8A16 does twice the work an instruction, which keeps it ahead of native fp32 on all three. Native int8 (VNNI, 8-bit activations) is faster still, and pays in accuracy: see the cosines.`
      : "";
  return `<!-- Written by \`npm run bench:peers -- --publish\`: edit bench/peers/report.ts, not this page. -->
# Performance

hummingbert beside other engines: the same token ids, the same weights (all-MiniLM-L6-v2), outputs compared before they were timed, engines taking turns round by round.
Every table names the command that prints its figures anew; \`npm run bench:peers -- --publish\` measures all of it and writes this page.

| | |
| --- | --- |
| machine | ${machine?.cores} virtual cores, ${machine?.cpu}; ${flags.join(", ")} |
| system | ${machine?.os}, Node ${main.node.slice(1)} |
| date | ${main.date.slice(0, 16).replace("T", " ")} UTC, load average ${main.load.toFixed(2)}; other processes used ${main.others.toFixed(2)} cores while engines were measured |
| peers | ${Object.entries(versions ?? {})
    .map(([name, version]) => `${name} ${version}`)
    .join(", ")} |

${caveat}

"hummingbert" without an addition runs with \`enableExperimentalSimd()\`, one call that asks V8 for its experimental 256-bit SIMD (on by default in the command line); "128-bit" is what a program
gets without it. From Node 24 on it does not change a bit of the results. w8 means int8 weights and int16 activations with exact integer sums.

## One text, one thread

CPU milliseconds of one call, by the number of tokens: medians of ${find(main, "ort-node", "T=8")?.cpu.length ?? find(main, "hummingbert-f32", "T=8")?.cpu.length} rounds.

${times(main, ENGINES_1, SINGLE, "cpu")}

![CPU time of one text by its length, both axes logarithmic: hummingbert, onnxruntime-node, onnxruntime-web and PyTorch](${file})

How alike the vectors are: the smallest cosine with onnxruntime-node's fp32 vectors, over every text of this page that the engine was given (random words, harder to quantise than sentences).

${cosines(main, ENGINES_1)}

${command("npm run bench:peers -- --engines ort-node,hummingbert-f32,hummingbert-w8,ort-web --batches ''")}`;
}

export async function batchSection({ main }: Figures): Promise<string> {
  if (!main || !find(main, "hummingbert-w8", "ragged")) return "";
  const [ragged] = await batches(["ragged"], "");
  const file = draw(
    "perf-ragged.svg",
    raggedChart(
      main,
      ragged!.batches[0]!.map((ids) => ids.length),
    ),
  );
  const rows = ["hummingbert-w8", "hummingbert-f32"].flatMap((engine) => {
    const against = ["ort-node-buckets", "ort-node-single", "ort-node"].map((other) => multiple(main, engine, other, "ragged"));
    return against.every((value) => value !== undefined)
      ? [[engine === "hummingbert-w8" ? "w8" : "f32", ...against.map((value) => x(value!))]]
      : [];
  });
  return `## Batches

A batch is its tokens one after another, with no padding, so it costs its real tokens; a padding engine has to choose how it is fed. CPU milliseconds:
32 x 128: 32 texts of 128 tokens; ragged: 64 texts, nine in ten of 8 to 24 tokens, one in ten of 200 to 256, in one call; sts-b: the first 256 sentences of the STS-B test set in file order, in calls of 32.
"Best buckets": sorted by length, in the bucket size of 2, 4, 8, 16 that was fastest on this very batch. Calls of more than 5 seconds were measured once.

${times(main, BATCH_ENGINES, ["32x128", "ragged", "sts-b"], "cpu")}

![The ragged batch: real tokens and padding, and the time each way of feeding takes](${file})

${rows.length > 0 ? `Speed on the ragged mix, as a multiple of onnxruntime-node fp32's:\n\n${table(["hummingbert", "best buckets", "one by one", "one padded call"], rows)}\n\nThe aims against the better of buckets and one by one are 1.4x for w8 and 1.05x for f32.\n` : ""}
A text's vector has the same bits alone and in any batch; dynamic int8 quantisation of whole batches, as onnxruntime's, changes a vector with its neighbours.

${command("npm run bench:peers -- --engines ort-node,ort-node-single,ort-node-buckets,hummingbert-f32,hummingbert-w8 --lengths '' --batches 32x128,ragged,sts-b --rounds 3")}`;
}

/** What the f32 figures are up against, in numbers. */
function limits({ main, kernels: bench, gemm }: Figures): string {
  if (!main || !gemm) return "";
  const [ours, theirs] = [find(main, "hummingbert-f32", "T=128"), find(main, "ort-node", "T=128")];
  if (!ours || !theirs || !bench) return "";
  const rate = forwardOperations(384, 1536, 6, 128) / median(ours.cpu) / 1e6;
  const bound = (speed(ours, theirs) * bench.peaks.f32) / rate;
  const shares = Object.entries(gemm.gops)
    .filter(([name]) => /^f32 128x/.test(name))
    .map(([, gops]) => gops / gemm.gops["f32 peak"]!);
  return `What limits f32 from 64 tokens on is the width of the registers: at 128 tokens the whole pass runs at ${rate.toFixed(0)} GFLOP/s, ${percent(rate / bench.peaks.f32)} of the 256-bit peak, its GEMM kernels alone at ${percent(Math.min(...shares))} and more
(below); a pass at 100% would be ${bound.toFixed(2)} times as fast as onnxruntime-node. The rest of the pass is softmax, GELU and norms, which no multiply-add peak measures.
In w8 the linear layers take half the time and attention, which stays f32, as much as before: its share grows with the length, which is why the lead shrinks at 256 and 512 tokens.
Node 20 has neither 256-bit operations nor the 8-bit dot product, so w8 gains least there.`;
}

export function aims(figures: Figures): string {
  const { main, newest, oldest } = figures;
  if (!main || !find(main, "ort-node", "T=8")) return "";
  const rows: string[][] = [];
  const add = (label: string, run: Run | undefined, engine: string, other: string, limits: number[]) => {
    if (run && find(run, engine, "T=8") && find(run, other, "T=8"))
      rows.push([`${label}, Node ${run.node.slice(1).split(".")[0]}`, ...speeds(run, engine, other, limits)]);
  };
  const f32Ort = [1, 0.95, 1, 0.9, 1];
  const f32Web = [1.9, 2.9, 3.3, 3.2, 3.3];
  const standardWeb = [1, 1.3, 1.6, 1.6, 1.6];
  const w8Ort = [2.7, 1.4, 1.2, 1.1, 1.2];
  const w8Web = [2.8, 2.2, 2, 2.2, 2];
  for (const run of [main, newest]) {
    add("f32 / onnxruntime-node fp32", run, "hummingbert-f32", "ort-node", f32Ort);
    add("f32 / onnxruntime-web fp32", run, "hummingbert-f32", "ort-web", f32Web);
  }
  add("f32 128-bit / onnxruntime-web fp32", main, "hummingbert-f32-standard", "ort-web", standardWeb);
  add("f32 / onnxruntime-web fp32", oldest, "hummingbert-f32", "ort-web", [1, 1.3, 1.6, 1.3, 1.6]);
  for (const run of [main, newest]) {
    add("w8 / onnxruntime-node fp32", run, "hummingbert-w8", "ort-node", w8Ort);
    add("w8 / onnxruntime-web int8", run, "hummingbert-w8", "ort-web-int8", w8Web);
  }
  add("w8 / onnxruntime-web int8", oldest, "hummingbert-w8", "ort-web-int8", [1.5, 1.4, 1.3, 1.3, 1.3]);
  return `## Against the aims

Speed as a multiple of the peer's: the median over the rounds of the quotient of CPU times in the same round; of several lengths, the smallest. In parentheses what the project aims at, bold where it is reached.
The aims were set on a Zen 4.${oldest ? " On Node 20 there is no 256-bit SIMD to ask for; the one call turns on its fused multiply-add." : ""}

${table(["speed", ...GROUP_HEAD], rows)}

${limits(figures)}

${command("npm run bench:peers -- --batches 32x128     # --node PATH: the engines in another Node")}`;
}

export function threads({ threads: run }: Figures): string {
  if (!run) return "";
  const workloads = ["T=8", "T=32", "T=64", "T=128", "T=512", "32x128"];
  const engines = ["hummingbert-f32", "hummingbert-w8", "ort-node", "ort-node-int8", "pytorch"];
  const row = (engine: string) => [
    engine === "hummingbert-w8" ? "w8" : "f32",
    ...workloads.map((workload) => x(multiple(run, engine, "ort-node", workload, "wall") ?? Number.NaN)),
  ];
  const against = find(run, "ort-node", "T=8")
    ? `\n\nSpeed as a multiple of onnxruntime-node fp32's on two threads:\n\n${table(["hummingbert", ...workloads], [row("hummingbert-f32"), row("hummingbert-w8")])}`
    : "";
  return `## Two threads

Wall milliseconds, two threads against two threads on two cores, Node ${run.node.slice(1)}; other processes used ${run.others.toFixed(2)} cores meanwhile.

${times(run, engines, workloads, "wall")}${against}

${command("npm run bench:peers -- --threads 2 --lengths 8,32,64,128,512 --batches 32x128")}

hummingbert alone, two threads against one on an idle Zen 5 (2026-11-30, Node 24, medians of 20 rounds; a barrier took 0.36 microseconds, recording included):

| speed of two threads | T=8 | T=16 | T=32 | T=64 | T=128 | T=512 | 32x16 | 8x128 |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
| f32 | 1.75x | 1.82x | 1.87x | 1.87x | 1.86x | 1.89x | 1.88x | 1.91x |
| w8 | 1.74x | 1.81x | 1.80x | 1.84x | 1.91x | 1.90x | 1.90x | 1.94x |

On an Intel Xeon w8 reached 1.66x to 1.72x at 64 tokens. Beside a process that burns one of the two cores the model goes on with one thread: 0.98 to 1.01 times the speed of one from 16 tokens on.

${command("npx tsx bench/threads.ts --rounds 20 --dtype w8     # and f32; --burner: beside a busy process")}`;
}
