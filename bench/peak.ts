/**
 * The machine's peak, measured: the inner loops of the level's GEMM tiles without their loads, operands staying in registers.
 * f32 in GFLOP/s, int16 products with int32 sums in GOPS; one core, the best of several turns. An upper bound of what a GEMM can reach.
 */
import type { V128 } from "../src/kernels/wasm/emitter/expression.ts";
import { ModuleBuilder } from "../src/kernels/wasm/emitter/module.ts";
import { i32x4, v128 } from "../src/kernels/wasm/emitter/simd.ts";
import { currentLevel } from "../src/kernels/wasm/features.ts";
import type { Tile } from "../src/kernels/wasm/gemm-tile.ts";
import { type FeatureLevel, multiplyAdd } from "../src/kernels/wasm/level.ts";
import { tilesOf } from "../src/kernels/wasm/linear-kernels.ts";

export interface Peaks {
  readonly f32: number;
  readonly w8: number;
}

type Kernel = (at: number, turns: number) => void;

const ROUNDS = 15;
const TURNS = 200_000;
/** Turns of a peak loop are repeated in its body, so that counting them costs nothing. */
const REPEATS = 2;

/** Tiles with enough sums to hide the latency of an operation. */
function peakTiles(level: FeatureLevel): { f32: Tile; w8: Tile } {
  const { f32, w8 } = tilesOf(level);
  return { f32, w8: { MR: 6, NR: w8.NR } };
}

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
  definePeak("f32", f32, (x, column, sum) => multiplyAdd(level, x, column, sum));
  // The sum takes part in the product, or the product would leave the loop.
  definePeak("w8", w8, (_, column, sum) => i32x4.add(sum, i32x4.dot_i16x8_s(sum, column)));
}

export function measurePeaks(): Peaks {
  const level = currentLevel();
  const module = new ModuleBuilder({ initial: 1 });
  definePeaks(module, level);
  const memory = new WebAssembly.Memory({ initial: 1 });
  const kernels = new WebAssembly.Instance(new WebAssembly.Module(module.bytes()), { env: { memory } }).exports as Record<string, Kernel>;
  const { f32, w8 } = peakTiles(level);
  return {
    f32: rate(() => kernels.f32!(0, TURNS), 2 * f32.MR * f32.NR * TURNS),
    w8: rate(() => kernels.w8!(0, TURNS), 4 * w8.MR * w8.NR * TURNS),
  };
}

/** 10^9 operations a second, at best. */
function rate(run: () => void, operations: number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    run();
    best = Math.min(best, performance.now() - start);
  }
  return operations / best / 1e6;
}
