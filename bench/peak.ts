/**
 * The machine's peaks, measured: the inner loops of the level's GEMM tiles without their loads, operands staying in registers, and the rate of reading
 * memory. f32 in GFLOP/s, W8A16 products in GOPS, reading in GB/s; one core, the best of several turns. Upper bounds of what a kernel can reach.
 */
import type { V128 } from "../src/kernels/wasm/emitter/expression.ts";
import * as f32x4 from "../src/kernels/wasm/emitter/f32x4.ts";
import * as i32 from "../src/kernels/wasm/emitter/i32.ts";
import * as i32x4 from "../src/kernels/wasm/emitter/i32x4.ts";
import { ModuleBuilder } from "../src/kernels/wasm/emitter/module.ts";
import * as v128 from "../src/kernels/wasm/emitter/v128.ts";
import { currentLevel } from "../src/kernels/wasm/features.ts";
import type { Tile } from "../src/kernels/wasm/gemm-tile.ts";
import { type FeatureLevel, multiplyAdd } from "../src/kernels/wasm/level.ts";
import { tilesOf } from "../src/kernels/wasm/linear-kernels.ts";

export interface Peaks {
  readonly f32: number;
  readonly w8: number;
  /** GB/s of reading 2 MiB again and again (a feed-forward weight of MiniLM), and of reading 128 MiB. */
  readonly cache: number;
  readonly memory: number;
}
/** A loop to time: `amount` is its operations, or its bytes. */
export interface PeakLoop {
  readonly name: keyof Peaks;
  readonly amount: number;
  readonly run: () => void;
}

type Kernel = (at: number, turns: number) => void;

const TURNS = 200_000;
/** Turns of a peak loop are repeated in its body, so that counting them costs nothing. */
const REPEATS = 2;
const CACHE_BYTES = 2 ** 21;
const MEMORY_BYTES = 2 ** 27;
/** A kernel is optimised after some 50 ms on Node 20, sooner on later ones. */
const WARM_MS = 80;
const ROUNDS = 15;

/** Tiles with enough sums to hide the latency of an operation. */
function peakTiles(level: FeatureLevel): { f32: Tile; w8: Tile } {
  const { f32, w8 } = tilesOf(level);
  return { f32, w8: { MR: 6, NR: w8.NR } };
}

function definePeaks(module: ModuleBuilder, level: FeatureLevel): void {
  const definePeak = (name: string, { MR, NR }: Tile, step: (x: V128, column: V128, sum: V128) => V128) =>
    module.function(name, { i32: 2 }, (f, at, turns) => {
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
  definePeak("f32", f32, (x, column, sum) => multiplyAdd(level, x, column, sum));
  // dot16: the sum takes part in the product, or the product would leave the loop. dot8: two digits, so two instructions for its four k.
  if (level.dot8) definePeak("w8", w8, (x, column, sum) => i32x4.relaxed_dot_i8x16_i7x16_add_s(column, x, sum));
  else definePeak("w8", w8, (_, column, sum) => i32x4.add(sum, i32x4.dot_i16x8_s(sum, column)));
}

/** Adds up `blocks` blocks of 16 vectors from `at` on. */
function defineRead(module: ModuleBuilder): void {
  module.function("read", { i32: 2 }, (f, at, blocks) => {
    const from = f.i32(at);
    const sums = Array.from({ length: 16 }, (_, c) => f.v128(v128.load(at, 16 * c)));
    f.repeat(blocks, 1, () => {
      for (const [c, sum] of sums.entries()) sum.set(f32x4.add(sum, v128.load(from, 16 * c)));
      from.set(i32.add(from, 256));
    });
    for (const [c, sum] of sums.entries()) f.storeV128(at, sum, 16 * c);
  });
}

export function peakLoops(): PeakLoop[] {
  const level = currentLevel();
  const module = new ModuleBuilder({ initial: 1 });
  definePeaks(module, level);
  defineRead(module);
  const memory = new WebAssembly.Memory({ initial: MEMORY_BYTES / 65536 });
  new Uint8Array(memory.buffer).fill(1); // untouched pages would all be one page of zeros, in the first cache
  const kernels = new WebAssembly.Instance(new WebAssembly.Module(module.bytes()), { env: { memory } }).exports as Record<string, Kernel>;
  const { f32, w8 } = peakTiles(level);
  const passes = 8;
  return [
    { name: "f32", amount: 2 * f32.MR * f32.NR * TURNS, run: () => kernels.f32!(0, TURNS) },
    { name: "w8", amount: 4 * w8.MR * w8.NR * TURNS, run: () => kernels.w8!(0, TURNS) },
    {
      name: "cache",
      amount: passes * CACHE_BYTES,
      run: () => {
        for (let i = 0; i < passes; i++) kernels.read!(0, CACHE_BYTES / 256);
      },
    },
    { name: "memory", amount: MEMORY_BYTES, run: () => kernels.read!(0, MEMORY_BYTES / 256) },
  ];
}

/** 10^9 operations or bytes a second, at best. */
export function measurePeaks(loops = peakLoops()): Peaks {
  const peaks = { f32: 0, w8: 0, cache: 0, memory: 0 };
  for (const { name, amount, run } of loops) {
    const warm = performance.now();
    while (performance.now() - warm < WARM_MS) run();
    for (let round = 0; round < ROUNDS; round++) {
      const start = performance.now();
      run();
      peaks[name] = Math.max(peaks[name], amount / (performance.now() - start) / 1e6);
    }
  }
  return peaks;
}
