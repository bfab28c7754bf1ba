/** A short race that tells whether V8's revectorisation works, which no interface reports and which acts only on optimised code. */
import type { Callable } from "./emitter/call.ts";
import * as i32 from "./emitter/i32.ts";
import type { ModuleBuilder } from "./emitter/module.ts";
import { defineGemmTile } from "./gemm.ts";
import type { Tile } from "./gemm-tile.ts";
import { defineGemmW8Tile } from "./gemm-w8.ts";
import type { FeatureLevel } from "./level.ts";
import { tilesOf } from "./linear-kernels.ts";
import { instantiate, type Kernel } from "./probes.ts";

/** What the race runs: one tile of the level's widest shape, against the same rows with half as wide a tile. */
const RACE_K = 384;
const PANEL = 0;
const X = 1 << 15;
const OUT = 1 << 17;
const OUT_BYTES = 6 * 64;
/** V8 optimises in about 3 ms, on a busy machine later. */
const LIMIT_MS = 150;
/** A first call that was interrupted makes its tile look optimised too early: the race goes on for a while. */
const GRACE_MS = 25;
/** A tile counts as optimised when it is this much faster than its first call; V8's baseline code is 3 to 10 times slower. */
const TIER_UP = 2.5;
/** The wide tile must beat one that has no pairs. Where pairing works it takes 0.45 of the time; where not it spills registers and takes 1.5. */
const CLEARLY = 0.8;

/**
 * Does pairing neighbouring 128-bit operations work here, after V8 was asked for it? Runs the tiles of `wide` until V8 has optimised them: results must not
 * change by a bit from those of the first, unoptimised calls, and the wide f32 tile must be clearly faster than one without pairs.
 */
export function pairingWorks(wide: FeatureLevel): boolean {
  const { f32, w8 } = tilesOf(wide);
  const narrow: Tile = { MR: f32.MR, NR: 4 }; // one vector wide: nothing to pair
  const { exports, memory } = instantiate((module) => {
    exportTile(module, "wide", defineGemmTile(module, wide, f32, f32.MR));
    exportTile(module, "narrow", defineGemmTile(module, wide, narrow, f32.MR));
    exportTile(module, "w8", defineGemmW8Tile(module, wide, w8, w8.MR));
  }, 3)!; // its instructions were found before
  const floats = new Float32Array(memory.buffer, 0, (X + (1 << 14)) / 4);
  for (let i = 0; i < floats.length; i++) floats[i] = Math.fround(((i * 7919) % 1024) / 512 - 1);
  const runners = ["wide", "narrow", "w8"].map((name) => new Runner(exports[name]!, memory));
  const start = performance.now();
  let optimisedAt = Number.POSITIVE_INFINITY;
  for (let now = start; now < start + LIMIT_MS && now < optimisedAt + GRACE_MS; now = performance.now()) {
    for (const runner of runners) if (!runner.turn()) return false;
    if (!runners.every(({ optimised }) => optimised)) continue;
    if (runners[0]!.best < CLEARLY * runners[1]!.best) return true;
    optimisedAt = Math.min(optimisedAt, now);
  }
  return false;
}

function exportTile(module: ModuleBuilder, name: string, tile: Callable): void {
  module.function(name, { i32: 1 }, (f, turns) =>
    f.repeat(turns, 1, () => f.call(tile, OUT, X, X, PANEL, RACE_K, i32.const(64), i32.const(4 * RACE_K), 16)),
  );
}

/** One contestant: times itself, and compares each result with its first. */
class Runner {
  best = Number.POSITIVE_INFINITY;
  readonly #kernel: Kernel;
  readonly #out: Int32Array;
  readonly #truth: Int32Array;
  readonly #firstTime: number;

  constructor(kernel: Kernel, memory: WebAssembly.Memory) {
    this.#kernel = kernel;
    this.#out = new Int32Array(memory.buffer, OUT, OUT_BYTES / 4);
    kernel(1); // compiles
    this.#firstTime = this.#time();
    this.#truth = this.#out.slice();
  }

  get optimised(): boolean {
    return this.best * TIER_UP < this.#firstTime;
  }

  /** false: the result changed. */
  turn(): boolean {
    this.best = Math.min(this.best, this.#time());
    return this.#truth.every((word, i) => word === this.#out[i]);
  }

  #time(): number {
    this.#out.fill(0);
    const start = performance.now();
    this.#kernel(4);
    return performance.now() - start;
  }
}
