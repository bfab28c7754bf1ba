/**
 * The kernels of linear layers with the tiles that measured fastest at each feature level (bench/gemm.ts; GFLOP/s or GOPS on one core of a Zen 5, M = 128):
 *
 *     level                    engine                     f32 tile         W8A16 tile, dot16 / dot8
 *     mul+add                  any SIMD                   5x8     57       4x8    100
 *     fused                    Node 20 flag, 22 on        6x8     60       4x8    100 / 6x8    120
 *     mul+add, revectorised    Node 22                    4x16   100       4x8    100   (its V8 pairs neither fused operations nor dot products)
 *     fused, revectorised      Node 24 on                 6x16   124       5x16   200 / 6x16   235
 *
 * A taller tile spills registers (6x8 of mul+add: 26; 5x16 of mul+add: 52; 7x16: 75). A tile never changes a bit: see gemm-tile.ts and gemm-w8.ts.
 * On a Zen 4 dot16 reaches 81 and 162, and with weights widened once for many rows (gemm-w8.ts) 88 and 180: of its bound, two products a cycle and a sum with each,
 * 97%. A level without dot8 takes them from 24 rows on.
 */
import type { ModuleBuilder } from "./emitter/module.ts";
import { defineGemm } from "./gemm.ts";
import type { Tile } from "./gemm-tile.ts";
import { defineGemmW8 } from "./gemm-w8.ts";
import type { FeatureLevel } from "./level.ts";
import { definePackKernels } from "./pack-kernels.ts";
import { definePackW8 } from "./pack-w8.ts";
import { defineQuantizeRows } from "./quantize-rows.ts";

interface Tiles {
  readonly f32: Tile;
  readonly w8: Tile;
}

export function tilesOf({ fma, wide, dot8 }: FeatureLevel): Tiles {
  const NR = wide ? 16 : 8;
  const pairedDot16 = wide && fma; // V8 of Node 24 on
  return {
    f32: { MR: fma ? 6 : wide ? 4 : 5, NR },
    w8: dot8 ? { MR: 6, NR } : pairedDot16 ? { MR: 5, NR } : { MR: 4, NR: 8 },
  };
}

export function defineLinearKernels(module: ModuleBuilder, level: FeatureLevel): void {
  const tiles = tilesOf(level);
  defineGemm(module, level, tiles.f32);
  defineGemmW8(module, level, tiles.w8);
  defineQuantizeRows(module, level);
  definePackKernels(module);
  definePackW8(module, level);
}
