/** What this engine's WebAssembly can do, found out by trying: validation for instruction sets, a few results for what relaxed instructions round and read. */
import * as f32x4 from "./emitter/f32x4.ts";
import * as i32x4 from "./emitter/i32x4.ts";
import { ModuleBuilder } from "./emitter/module.ts";
import * as v128 from "./emitter/v128.ts";
import type { Dot8 } from "./level.ts";

export type Kernel = (...args: number[]) => void;

/**
 * A module of its own and its memory of `pages`; undefined where the engine does not know its instructions.
 * @throws where it may not be compiled, or gets no memory
 */
export function instantiate(
  define: (module: ModuleBuilder) => void,
  pages = 1,
): { exports: Record<string, Kernel>; memory: WebAssembly.Memory } | undefined {
  const module = new ModuleBuilder({ initial: pages });
  define(module);
  const bytes = module.bytes();
  if (typeof WebAssembly !== "object" || !WebAssembly.validate(bytes)) return undefined;
  const memory = new WebAssembly.Memory({ initial: pages });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  return { exports: exports as Record<string, Kernel>, memory };
}

function defineSimd(module: ModuleBuilder): void {
  module.function("probe", {}, (f) => f.storeV128(0, i32x4.dot_i16x8_s(v128.load(0), v128.load(0))));
}

/** @throws where modules are valid but may not be compiled, or have no memory */
export function hasSimd(): boolean {
  return instantiate(defineSimd) !== undefined;
}

/** f32[0..4) = a * b + c of the vectors at 0, 16, 32. */
function defineMadd(module: ModuleBuilder): void {
  module.function("madd", {}, (f) => f.storeV128(0, f32x4.relaxed_madd(v128.load(0), v128.load(16), v128.load(32))));
}

/** Relaxed SIMD exists and rounds a * b + c once. (Where the CPU has no fused instruction it rounds twice, as mul and add do.) */
export function hasFusedMultiplyAdd(): boolean {
  const probe = instantiate(defineMadd);
  if (!probe) return false;
  const { exports, memory } = probe;
  const values = new Float32Array(memory.buffer, 0, 12);
  values.fill(1 + 2 ** -12, 0, 8).fill(-(1 + 2 ** -11), 8);
  exports.madd!();
  return values[0] === 2 ** -24; // rounded twice it is 0
}

function defineDot8(module: ModuleBuilder): void {
  module.function("dot8", {}, (f) => f.storeV128(0, i32x4.relaxed_dot_i8x16_i7x16_add_s(v128.load(16), v128.load(32), v128.load(48))));
}

/**
 * How relaxed SIMD's dot product reads its second operand, if it multiplies by all bytes exactly. The specification leaves that to the machine above 127
 * (signed, unsigned, saturating between), but wants the same choice every time, so the extremes tell.
 */
export function exactDot8(): Dot8 | undefined {
  const probe = instantiate(defineDot8);
  if (!probe) return undefined;
  const { exports, memory } = probe;
  const bytes = new Uint8Array(memory.buffer);
  const words = new Int32Array(memory.buffer);
  const works = (digits: readonly number[]) =>
    [-128, -1, 127].every((weight) =>
      digits.every((digit) => {
        bytes.fill(weight, 16, 32).fill(digit, 32, 48);
        words.fill(7, 12, 16);
        exports.dot8!();
        return words.subarray(0, 4).every((sum) => sum === 7 + 4 * weight * digit);
      }),
    );
  if (works([0, 127, 128, 255])) return "unsigned";
  return works([-128, -1, 0, 127]) ? "signed" : undefined;
}
