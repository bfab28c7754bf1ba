/** Runs single kernels: a module with chosen definitions over a small memory, and a bump allocator of arrays in it. */
import { setFlagsFromString } from "node:v8";
import { ModuleBuilder } from "../../../src/kernels/wasm/emitter/module.ts";
import * as v128 from "../../../src/kernels/wasm/emitter/v128.ts";
import { type FeatureLevel, multiplyAdd } from "../../../src/kernels/wasm/level.ts";

/** The levels this engine can run: mul+add always, fused where relaxed SIMD validates. */
export function levelsHere(): [name: string, level: FeatureLevel][] {
  const probe = (level: FeatureLevel, define: (module: ModuleBuilder, level: FeatureLevel) => void) => {
    const module = new ModuleBuilder({ initial: 1 });
    define(module, level);
    return WebAssembly.validate(module.bytes());
  };
  if (process.version.startsWith("v20.")) setFlagsFromString("--experimental-wasm-relaxed-simd");
  const fused: FeatureLevel = { fma: true, wide: false };
  const levels: [string, FeatureLevel][] = [["mul+add", { fma: false, wide: false }]];
  if (probe(fused, probeFma)) levels.push(["fused", fused]);
  return levels;
}

function probeFma(module: ModuleBuilder, level: FeatureLevel): void {
  module.function("probe", { i32: 1 }, (f, at) => {
    const a = f.v128(v128.load(at));
    f.storeV128(at, multiplyAdd(level, a, a, a));
  });
}

export class Bench {
  readonly memory = new WebAssembly.Memory({ initial: 256 });
  readonly kernels: Record<string, (...args: number[]) => void>;
  #top = 1024;

  constructor(define: (module: ModuleBuilder) => void) {
    const module = new ModuleBuilder({ initial: 1 });
    define(module);
    const instance = new WebAssembly.Instance(new WebAssembly.Module(module.bytes()), { env: { memory: this.memory } });
    this.kernels = instance.exports as Record<string, (...args: number[]) => void>;
  }

  /** Forgets all arrays. */
  reset(): void {
    this.#top = 1024;
  }

  /** An address of `bytes` bytes, aligned to 16, between guard words that hold NaN. */
  bytes(byteCount: number): number {
    const at = this.#top + 64;
    this.#top = (at + byteCount + 64 + 63) & ~63;
    if (this.#top > this.memory.buffer.byteLength) throw new Error("bench memory is full");
    new Float32Array(this.memory.buffer, at - 64, (this.#top - at + 64) / 4).fill(Number.NaN);
    return at;
  }

  floats(values: ArrayLike<number>): number {
    const at = this.bytes(values.length * 4);
    new Float32Array(this.memory.buffer, at, values.length).set(values);
    return at;
  }

  read(at: number, length: number): Float32Array {
    return new Float32Array(this.memory.buffer, at, length).slice();
  }
}

/** Distance in units in the last place of the float32 nearest to `exact`. */
export function ulps(value: number, exact: number): number {
  const near = Math.abs(Math.fround(exact));
  const exponent = Math.max(Math.floor(Math.log2(near === 0 ? 2 ** -126 : near)), -126);
  return Math.abs(value - exact) / 2 ** (exponent - 23);
}

/** A reproducible stream of numbers in [-1, 1). */
export function randomFloats(count: number, seed: number, scale = 1): Float32Array {
  let state = seed * 2654435761 + 1;
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[i] = (state / 2 ** 31 - 1) * scale;
  }
  return values;
}
