/**
 * The GEMM kernels against the machine: GFLOP/s (f32) and GOPS (W8A16) at MiniLM's shapes, beside the peak of multiply-adds on registers (peak.ts) measured in the same run:
 * the kernels alone, where main.ts times whole operations of a backend.
 *
 *     npx tsx bench/gemm.ts [--standard] [--json] [--rows 8,32,128]
 *
 * One core; the best of several rounds, kernels and peak interleaved. Run it with other Node versions to compare feature levels; --standard leaves V8's flags alone.
 */

import { endWithOutput } from "../src/cli/output-end.ts";
import { ALL_KERNELS } from "../src/kernels/wasm/all-kernels.ts";
import { enableExperimentalSimd } from "../src/kernels/wasm/experimental.ts";
import { currentLevel, engineInfo } from "../src/kernels/wasm/features.ts";
import { panelBytes } from "../src/kernels/wasm/gemm.ts";
import { instantiateKernels, kernelModule } from "../src/kernels/wasm/kernel-set.ts";
import { tilesOf } from "../src/kernels/wasm/linear-kernels.ts";
import { peakLoops } from "./peak.ts";

endWithOutput("bench/gemm");

/** [N, K] of MiniLM's linear layers: attention output, fused Q K V, feed-forward in and out. */
const SHAPES = [
  [384, 384],
  [1152, 384],
  [1536, 384],
  [384, 1536],
] as const;
const ROUNDS = 15;
const WARM_ROUNDS = 5;

type Kernel = (...args: number[]) => void;

interface Contestant {
  readonly name: string;
  readonly operations: number;
  readonly run: () => void;
  best: number;
}

function argument(name: string): string | undefined {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}

function main(): void {
  if (!process.argv.includes("--standard")) enableExperimentalSimd();
  const level = currentLevel();
  const rows = (argument("--rows") ?? "8,32,128").split(",").map(Number);
  const memory = new WebAssembly.Memory({ initial: 512 });
  const kernels = instantiateKernels(kernelModule(ALL_KERNELS, level), memory);
  new Float32Array(memory.buffer).fill(0.01);
  const tiles = tilesOf(level);

  const contestants: Contestant[] = [];
  const add = (name: string, operations: number, run: () => void) =>
    contestants.push({ name, operations, run, best: Number.POSITIVE_INFINITY });
  for (const { name, amount, run } of peakLoops()) {
    if (name === "f32") add("f32 peak", amount, run);
    if (name === "w8") add("W8A16 peak", amount, run);
  }
  for (const [N, K] of SHAPES) {
    for (const M of rows) {
      const x = panelBytes(N, K);
      const out = x + 4 * M * K;
      const scratch = out + 4 * M * N;
      const turns = Math.max(1, Math.round(1e8 / (2 * M * N * K)));
      const times = (kernel: Kernel) => () => {
        for (let i = 0; i < turns; i++) kernel(out, x, x, 0, M, N, K, N, K, 0, N / 16, scratch);
      };
      add(`f32 ${M}x${N}x${K}`, turns * 2 * M * N * K, times(kernels.gemmPanels as Kernel));
      add(`W8A16 ${M}x${N}x${K}`, turns * 2 * M * N * K, times(kernels.gemmW8Panels as Kernel));
    }
  }
  for (let round = -WARM_ROUNDS; round < ROUNDS; round++) {
    for (const contestant of contestants) {
      const start = performance.now();
      contestant.run();
      if (round >= 0) contestant.best = Math.min(contestant.best, performance.now() - start);
    }
  }
  const rate = ({ operations, best }: Contestant) => operations / best / 1e6;
  const results = Object.fromEntries(contestants.map((contestant) => [contestant.name, Math.round(10 * rate(contestant)) / 10]));
  if (process.argv.includes("--json")) {
    console.log(JSON.stringify({ node: process.version, kernels: engineInfo().kernels, gops: results }));
    return;
  }
  console.log(
    `${process.version} ${engineInfo().kernels}: f32 tile ${tiles.f32.MR}x${tiles.f32.NR}, W8A16 tile ${tiles.w8.MR}x${tiles.w8.NR}; 10^9 operations a second (share of the peak)`,
  );
  for (const contestant of contestants) {
    const peak = contestants.find(({ name }) => name === `${contestant.name.split(" ")[0]} peak`)!;
    console.log(
      `${contestant.name.padEnd(20)} ${rate(contestant).toFixed(1).padStart(6)}  ${((100 * rate(contestant)) / rate(peak)).toFixed(0)}%`,
    );
  }
}

main();
