/** Sections of docs/performance.md on starting, kernels, other shapes, and method. */
import { coldChart, rooflineChart } from "./charts.ts";
import type { Figures } from "./figures.ts";
import { median } from "./rounds.ts";
import { command, draw, find, forwardOperations, ms, percent, table } from "./tables.ts";

function coldAims(rows: NonNullable<Figures["cold"]>["rows"]): string {
  const [ours, peer] = [
    rows.find(({ label }) => label === "hummingbert w8, built"),
    rows.find(({ label }) => label === "onnxruntime-node int8"),
  ];
  if (!ours || !peer) return "";
  const quotient = median(ours.ms.map((ms, i) => ms / peer.ms[i]!));
  const least = Math.min(...ours.ms);
  const verdict = (isReached: boolean) => (isReached ? "reached" : "not reached");
  return `Aims: at most onnxruntime-node int8's time in the same run (${quotient.toFixed(2)} times it, the median over the rounds: ${verdict(quotient <= 1)}), 150 ms (${least.toFixed(0)} ms at best: ${verdict(least <= 150)}),
and 110 MB at the peak (${ours.peakMB.toFixed(0)} MB: ${verdict(ours.peakMB <= 110)}).`;
}

export function cold({ cold: starts, sizes }: Figures): string {
  if (!starts) return "";
  const file = draw("perf-cold.svg", coldChart(starts.rows));
  const rows = starts.rows.map(({ label, ms: times, cpu, peakMB }) => [
    label,
    ...[Math.min(...times), median(times), median(cpu), peakMB].map((value) => value.toFixed(0)),
  ]);
  const installed = sizes
    ? `Installed, with everything a package depends on:\n\n${table(
        ["package", "MB", "packages"],
        sizes.map(({ label, bytes, packages }) => [label, (bytes / 1e6).toFixed(1), `${packages}`]),
      )}\n\n${command("npm run bench:peers -- --sizes")}`
    : "";
  return `## Cold start, memory, installed size

From spawning a process to the first vector of a text of 16 tokens, files in the page cache, Node ${starts.node.slice(1)}; and the peak of resident memory of a process that embeds one text of 512 tokens.
hummingbert and transformers.js read and use their tokenizer, onnxruntime is given ids. hummingbert takes its defaults and the embedded w8 weights.

${table(["", "ms, best", "ms, median", "CPU ms", "MB at the peak"], rows)}

${coldAims(starts.rows)}

![Cold start of each engine as bars](${file})

${command("npm run build && npm run bench:peers -- --cold")}

${installed}`;
}

export function kernels({ kernels: bench, gemm }: Figures): string {
  if (!bench) return "";
  const file = draw("perf-roofline.svg", rooflineChart(bench));
  const at = bench.rows.filter(({ job, backend }) => backend === "wasm" && / (128x|128$)/.test(job));
  const loops = (job: string) => bench.rows.find((row) => row.job === job && row.backend === "loops");
  const rows = at.map(({ job, median: seconds, gflops, gbs, ofPeak }) => [
    job,
    (seconds * 1e6).toFixed(1),
    gflops > 0 ? gflops.toFixed(1) : "",
    gbs.toFixed(1),
    ofPeak === undefined ? "" : percent(ofPeak),
    loops(job) ? `${(loops(job)!.median / seconds).toFixed(1)}x` : "",
  ]);
  const shapes = ["128x384x384", "128x1152x384", "128x1536x384", "128x384x1536"];
  const raw = gemm
    ? `\nThe GEMM kernels alone, without the rest of an operation (quantising rows, the pass around it), at MiniLM's shapes M x N x K with M = 128, and their share of the peak in the same run:\n\n${table(
        ["10^9 operations a second", "peak", ...shapes],
        ["f32", "W8A16"].map((kind) => {
          const peak = gemm.gops[`${kind} peak`]!;
          return [
            kind,
            peak.toFixed(0),
            ...shapes.map((shape) => `${gemm.gops[`${kind} ${shape}`]!.toFixed(0)} (${percent(gemm.gops[`${kind} ${shape}`]! / peak)})`),
          ];
        }),
      )}\n\n${command("npx tsx bench/gemm.ts")}\n`
    : "";
  return `## Kernels against the machine

Each operation at MiniLM's shapes, verified against the reference before it is timed, Node ${bench.node.slice(1)}, level ${bench.kernels}. The peak is what multiply-adds on registers reach in the same run:
${bench.peaks.f32.toFixed(0)} GFLOP/s of f32 and ${bench.peaks.w8.toFixed(0)} GOPS of W8A16 on one core; reading memory, ${bench.peaks.cache.toFixed(0)} GB/s over 2 MiB and ${bench.peaks.memory.toFixed(0)} GB/s over 128 MiB.

![Roofline: operations a second by operations a byte](${file})

At 128 tokens; the last column is the speed over the loops backend, which serves where WebAssembly is forbidden:

${table(["operation", "us", "GFLOP/s", "GB/s", "of peak", "over loops"], rows)}

${command("npm run bench                                            # all of it\nnpm run bench -- linear --backend loops --tokens 128     # the loops backend's linear layers\nnpm run bench -- softmax --json before.json\nnpm run bench -- softmax --json after.json\nnpm run bench -- --compare before.json after.json        # which differences are larger than the noise")}
${raw}`;
}

const SIZES: Readonly<Record<string, { label: string; C: number; F: number; L: number }>> = {
  "minilm-l6": { label: "MiniLM-L6-H384", C: 384, F: 1536, L: 6 },
  "tinybert-4": { label: "TinyBERT-4", C: 312, F: 1200, L: 4 },
  distilbert: { label: "DistilBERT", C: 768, F: 3072, L: 6 },
  "bert-base": { label: "BERT-base", C: 768, F: 3072, L: 12 },
};

export function shapes({ shapes: measured }: Figures): string {
  if (!measured) return "";
  const of = (name: string, dtype: string) => measured.find((shape) => shape.name === name && shape.dtype === dtype)?.ms;
  const tokens = ["8", "32", "128", "512"];
  const rows = Object.entries(SIZES).flatMap(([name, { label, C, F, L }]) => {
    const [f32, w8] = [of(name, "f32"), of(name, "w8")];
    if (!f32 || !w8) return [];
    const rates = [f32, w8].map((ms) => (forwardOperations(C, F, L, 128) / ms["128"]! / 1e6).toFixed(0));
    return [[label, ...tokens.map((T) => `${ms(f32[T]!)} / ${ms(w8[T]!)}`), rates.join(" / ")]];
  });
  return `## Other shapes

True shapes, random weights (time does not depend on them), one thread: CPU milliseconds in f32 / w8 by tokens, and 10^9 operations a second at 128. What the papers of the small models claim is compared in [papers.md](papers.md).

${table(["", ...tokens.map((T) => `T = ${T}`), "rate at 128"], rows)}

${command("npx tsx bench/forward.ts --shape bert-base --tokens 8,32,128,512 --dtype w8")}`;
}

/** The GPU backends have no figures of their own until a run on a machine with a GPU writes some. */
export function gpu(): string {
  return `## GPU

No machine with a GPU was at hand: WebGPU ran on a software device and gpu.js on the CPU and in WebGL2, for correctness only, so there are no times to show.
Where there is one, \`npm --prefix test/gpu run bench\` prints milliseconds for MiniLM and BERT-base at 1 x 128 and 64 x 128 tokens.`;
}

export function method({ main }: Figures): string {
  const single = main && find(main, "hummingbert-f32", "T=8");
  return `## How it is measured

- Every engine runs in a process of its own, idle but for its turn. A turn repeats the call for at least 60 ms; a round gives each engine one turn; what is shown is the median over the rounds${single ? ` (${single.cpu.length} for single texts)` : ""}.
- On one thread CPU time is shown: it counts all threads of a process and, unlike wall time, not what others took from it. Comparisons of several threads use wall time.
- onnxruntime runs a graph of its own fused operators (Attention, SkipLayerNormalization, BiasGelu), the form its optimizer arrives at, with all optimizations on; int8 is its dynamic quantisation of that graph.
  transformers.js runs the same files on its own copy of onnxruntime-node. PyTorch runs transformers' BertModel with scaled dot-product attention in inference mode.
- TensorFlow.js and jax-js have no BERT: it is written with their operations (bench/peers/engines), one text a call, so that they take no part in batches.
- \`npm run bench:peers -- --smoke\` runs everything for a few seconds: does it still work? Python is optional; peers that need it are skipped, aloud.`;
}
