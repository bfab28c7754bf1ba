/**
 * The GEMM kernels against the machine: GFLOP/s (f32) and GOPS (W8A16) at MiniLM's shapes, beside the peak of multiply-adds on registers measured in the same run.
 *
 *     npx tsx bench/gemm.ts [--standard] [--json] [--rows 8,32,128]
 *
 * One core; the best of several rounds, kernels and peak interleaved. Run it with other Node versions to compare feature levels; --standard leaves V8's flags alone.
 */

import type { V128 } from "../src/kernels/wasm/emitter/expression.ts";
import { ModuleBuilder } from "../src/kernels/wasm/emitter/module.ts";
import { i32x4, v128 } from "../src/kernels/wasm/emitter/simd.ts";
import { currentLevel, enableExperimentalSimd, engineInfo } from "../src/kernels/wasm/features.ts";
import { panelBytes } from "../src/kernels/wasm/gemm.ts";
import type { Tile } from "../src/kernels/wasm/gemm-tile.ts";
import { instantiateKernels, kernelModule } from "../src/kernels/wasm/kernel-set.ts";
import { type FeatureLevel, multiplyAdd } from "../src/kernels/wasm/level.ts";
import { tilesOf } from "../src/kernels/wasm/linear-kernels.ts";

/** [N, K] of MiniLM's linear layers: attention output, fused Q K V, feed-forward in and out. */
const SHAPES = [
  [384, 384],
  [1152, 384],
  [1536, 384],
  [384, 1536],
] as const;
const ROUNDS = 15;
const PEAK_TURNS = 200000;

type Kernel = (...args: number[]) => void;

/** Tiles for the peaks: enough sums to hide the latency of an operation. */
function peakTiles(level: FeatureLevel): { f32: Tile; w8: Tile } {
  const { f32, w8 } = tilesOf(level);
  return { f32, w8: { MR: 6, NR: w8.NR } };
}

/** Turns of a peak loop are repeated in its body, so that counting them costs nothing. */
const REPEATS = 2;

/** The inner loops of the level's tiles without their loads: operands stay in registers. */
function definePeaks(module: ModuleBuilder, level: FeatureLevel): void {
  const definePeak = (name: string, { MR, NR }: Tile, step: (x: V128, column: V128, sum: V128) => V128) =>
    module.function(name, { at: "i32", turns: "i32" }, (f, { at, turns }) => {
      const x = f.v128(v128.load32_splat(at));
      const columns = Array.from({ length: NR / 4 }, (_, c) => f.v128(v128.load(at, 16 * c)));
      const sums = Array.from({ length: MR }, () => columns.map((_, c) => f.v128(v128.load(at, 16 * c))));
      f.repeat(turns, REPEATS, () => {
        for (let i = 0; i < REPEATS; i++) {
          for (const row of sums) for (const [c, sum] of row.entries()) sum.set(step(x, columns[c]!, sum));
        }
      });
      for (const [r, row] of sums.entries()) for (const [c, sum] of row.entries()) f.storeV128(at, sum, 4 * NR * r + 16 * c);
    });
  const { f32, w8 } = peakTiles(level);
  definePeak("peakF32", f32, (x, column, sum) => multiplyAdd(level, x, column, sum));
  // dot16: the sum takes part in the product, or the product would leave the loop. dot8: two digits, so two instructions for its four k.
  if (level.dot8) definePeak("peakW8", w8, (x, column, sum) => i32x4.relaxed_dot_i8x16_i7x16_add_s(column, x, sum));
  else definePeak("peakW8", w8, (_, column, sum) => i32x4.add(sum, i32x4.dot_i16x8_s(sum, column)));
}

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
  const kernels = instantiateKernels(kernelModule(level, false), memory);
  new Float32Array(memory.buffer).fill(0.01);
  const module = new ModuleBuilder({ initial: 1 });
  definePeaks(module, level);
  const peaks = new WebAssembly.Instance(new WebAssembly.Module(module.bytes()), { env: { memory } }).exports as Record<string, Kernel>;
  const tiles = tilesOf(level);

  const contestants: Contestant[] = [];
  const add = (name: string, operations: number, run: () => void) =>
    contestants.push({ name, operations, run, best: Number.POSITIVE_INFINITY });
  const peakTile = peakTiles(level);
  add("f32 peak", 2 * peakTile.f32.MR * peakTile.f32.NR * PEAK_TURNS, () => peaks.peakF32!(0, PEAK_TURNS));
  add("W8A16 peak", 4 * peakTile.w8.MR * peakTile.w8.NR * PEAK_TURNS, () => peaks.peakW8!(0, PEAK_TURNS));
  for (const [N, K] of SHAPES) {
    for (const M of rows) {
      const x = panelBytes(N, K);
      const out = x + 4 * M * K;
      const turns = Math.max(1, Math.round(1e8 / (2 * M * N * K)));
      const times = (kernel: Kernel) => () => {
        for (let i = 0; i < turns; i++) kernel(out, x, x, 0, M, N, K, N, K);
      };
      add(`f32 ${M}x${N}x${K}`, turns * 2 * M * N * K, times(kernels.gemm as Kernel));
      add(`W8A16 ${M}x${N}x${K}`, turns * 2 * M * N * K, times(kernels.gemmW8 as Kernel));
    }
  }
  for (let round = -1; round < ROUNDS; round++) {
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
