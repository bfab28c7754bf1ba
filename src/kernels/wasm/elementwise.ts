/**
 * Element-by-element kernels: out[t, c] = F(x0[t, c], x1[t, c], ...) over rows with strides; a stride of 0 repeats one row (a gain, a shift).
 *
 *   name(out, x0, x1, ..., rows, cols, outStride, stride0, stride1, ..., factors...)     addresses in bytes, strides in elements
 *
 * Eight columns a turn as two neighbouring vectors (the form that revectorisation pairs), then one column at a time in one lane of the same arithmetic:
 * an element's bits do not depend on where in the row it lies.
 */
import { activations } from "./activations.ts";
import { eachColumn } from "./columns.ts";
import type { Local } from "./emitter/call.ts";
import type { V128, ValueType } from "./emitter/expression.ts";
import type { FunctionBuilder } from "./emitter/function.ts";
import type { ModuleBuilder } from "./emitter/module.ts";
import { i32 } from "./emitter/scalar.ts";
import { f32x4, v128 } from "./emitter/simd.ts";
import { type FeatureLevel, multiplyAdd } from "./level.ts";

/** Sets up what F of the header needs at the start of the function (`factors` are the scalar arguments) and gives F, of the inputs' vectors. */
type Prepare = (f: FunctionBuilder, factors: readonly Local<"f32">[]) => (x: readonly Local<"v128">[]) => V128;

export function defineElementwise(module: ModuleBuilder, name: string, inputs: number, factorCount: number, prepare: Prepare): void {
  const numbered = (prefix: string, count: number, type: ValueType) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [prefix + i, type] as const));
  const params: Record<string, ValueType> = {
    out: "i32",
    ...numbered("x", inputs, "i32"),
    rows: "i32",
    cols: "i32",
    outStride: "i32",
    ...numbered("stride", inputs, "i32"),
    ...numbered("factor", factorCount, "f32"),
  };
  module.function(name, params, (f, locals) => {
    const local = (key: string) => (locals as Record<string, Local<ValueType>>)[key]!;
    const all = <T extends ValueType>(prefix: string, count: number) =>
      Array.from({ length: count }, (_, i) => local(prefix + i) as Local<T>);
    const pointers = [local("out"), ...all("x", inputs)] as Local<"i32">[];
    const strides = [local("outStride"), ...all("stride", inputs)] as Local<"i32">[];
    const compute = prepare(f, all<"f32">("factor", factorCount));
    const cols = local("cols") as Local<"i32">;
    f.repeat(local("rows") as Local<"i32">, 1, () => {
      eachColumn(
        f,
        cols,
        8,
        pointers,
        (out, ...x) => {
          const results = [0, 16].map((offset) => {
            const values = x.map((at) => f.v128(v128.load(at, offset)));
            return f.v128(compute(values));
          });
          for (const [i, result] of results.entries()) f.storeV128(out!, result, 16 * i);
        },
        (out, ...x) => {
          const values = x.map((at) => f.v128(v128.load32_splat(at)));
          f.storeLane32(out!, compute(values), 0);
        },
      );
      for (const [i, pointer] of pointers.entries()) pointer.set(i32.add(pointer, i32.shl(strides[i]!, 2)));
    });
  });
}

/** add, multiply, scale, scaleShift, and one kernel an activation under its own name. */
export function defineElementwiseKernels(module: ModuleBuilder, level: FeatureLevel): void {
  defineElementwise(
    module,
    "add",
    2,
    0,
    () =>
      ([a, b]) =>
        f32x4.add(a!, b!),
  );
  defineElementwise(
    module,
    "multiply",
    2,
    0,
    () =>
      ([a, b]) =>
        f32x4.mul(a!, b!),
  );
  defineElementwise(module, "scale", 1, 1, (f, [factor]) => {
    const by = f.v128(f32x4.splat(factor!));
    return ([x]) => f32x4.mul(x!, by);
  });
  defineElementwise(
    module,
    "scaleShift",
    3,
    0,
    () =>
      ([x, gain, shift]) =>
        multiplyAdd(level, x!, gain!, shift!),
  );
  for (const [name, prepare] of Object.entries(activations)) {
    defineElementwise(module, name, 1, 0, (f) => {
      const activation = prepare(f, level);
      return ([x]) => activation(x!);
    });
  }
}
