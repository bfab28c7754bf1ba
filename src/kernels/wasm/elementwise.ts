/**
 * Element-by-element kernels: out[t, c] = F(x0[t, c], x1[t, c], ...) over rows with strides; a stride of 0 repeats one row (a gain, a shift).
 *
 *   name(out, x0, x1, ..., rows, cols, outStride, stride0, stride1, ..., factors...)     addresses in bytes, strides in elements
 *
 * Eight or sixteen columns a turn as neighbouring vectors side by side (vectors.ts), then one column at a time in one lane of the same arithmetic:
 * an element's bits do not depend on where in the row it lies.
 */
import { activations } from "./activations.ts";
import { eachColumn } from "./columns.ts";
import type { Local } from "./emitter/call.ts";
import * as i32 from "./emitter/i32.ts";
import type { ModuleBuilder } from "./emitter/module.ts";
import * as v128 from "./emitter/v128.ts";
import type { FeatureLevel } from "./level.ts";
import { VectorSteps, type Vectors } from "./vectors.ts";

/** Sets up what F of the header needs at the start of the function (`factors` are the scalar arguments) and gives F, of the inputs' vectors. */
type Prepare = (v: VectorSteps, factors: readonly Local<"f32">[]) => (...x: Vectors[]) => Vectors;

export function defineElementwise(
  module: ModuleBuilder,
  level: FeatureLevel,
  name: string,
  inputs: number,
  factorCount: number,
  prepare: Prepare,
): void {
  const mats = inputs + 1;
  module.function(name, { i32: 2 * mats + 2, f32: factorCount }, (f, ...locals) => {
    const pointers = locals.slice(0, mats) as Local<"i32">[];
    const [rows, cols] = locals.slice(mats, mats + 2) as [Local<"i32">, Local<"i32">];
    const strides = locals.slice(mats + 2, 2 * mats + 2) as Local<"i32">[];
    const factors = locals.slice(2 * mats + 2) as Local<"f32">[];
    const compute = prepare(new VectorSteps(f, level), factors);
    const offsets = level.wide && level.fma ? [0, 16, 32, 48] : [0, 16]; // what sixteen registers bear
    f.repeat(rows, 1, () => {
      eachColumn(
        f,
        cols,
        offsets.length === 4 ? 16 : 8,
        pointers,
        (out, ...x) => {
          const results = compute(...x.map((at) => offsets.map((offset) => f.v128(v128.load(at, offset)))));
          for (const [i, result] of results.entries()) f.storeV128(out!, result, 16 * i);
        },
        (out, ...x) => {
          const [result] = compute(...x.map((at) => [f.v128(v128.load32_splat(at))]));
          f.storeLane32(out!, result!, 0);
        },
      );
      for (const [i, pointer] of pointers.entries()) pointer.add(i32.shl(strides[i]!, 2));
    });
  });
}

/** add, multiply, scale, scaleShift, and one kernel an activation under its own name. */
export function defineElementwiseKernels(module: ModuleBuilder, level: FeatureLevel): void {
  const define = (name: string, inputs: number, factors: number, prepare: Prepare) =>
    defineElementwise(module, level, name, inputs, factors, prepare);
  define("add", 2, 0, (v) => (a, b) => v.add(a!, b!));
  define("multiply", 2, 0, (v) => (a, b) => v.mul(a!, b!));
  define("scale", 1, 1, (v, [factor]) => {
    const by = v.splat(factor!);
    return (x) => v.mul(x!, by);
  });
  define("scaleShift", 3, 0, (v) => (x, gain, shift) => v.multiplyAdd(x!, gain!, shift!));
  for (const [name, prepare] of Object.entries(activations)) {
    define(name, 1, 0, (v) => {
      const activation = prepare(v);
      return (x) => activation(x!);
    });
  }
}
