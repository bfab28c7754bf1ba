/** exp and the activations against float64, over the line: every sign, scale and threshold. The bounds are those that the source states. */
import { describe, expect, it } from "vitest";
import type { activations } from "../../../src/kernels/wasm/activations.ts";
import { defineElementwise, defineElementwiseKernels } from "../../../src/kernels/wasm/elementwise.ts";
import { EXP_UNDERFLOW, prepareExp } from "../../../src/kernels/wasm/exp.ts";
import { Bench, levelsHere, ulps } from "./harness.ts";

/** erfc(x) to about 1e-15 relative: Taylor series below 2, continued fraction (Lentz) above. */
function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x);
  if (x < 2) {
    let term = x;
    let sum = x;
    for (let n = 1; n < 80; n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = x;
  for (let n = 200; n >= 1; n--) fraction = x + n / 2 / fraction;
  return Math.exp(-x * x) / (fraction * Math.sqrt(Math.PI));
}

const sigmoid = (x: number) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
const definitions: Record<keyof typeof activations, (x: number) => number> = {
  gelu: (x) => 0.5 * x * erfc(-x / Math.SQRT2),
  gelu_tanh: (x) => x * sigmoid(2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)),
  quick_gelu: (x) => x * sigmoid(1.702 * x),
  relu: (x) => Math.max(x, 0),
  silu: (x) => x * sigmoid(x),
  sigmoid,
  tanh: Math.tanh,
};

/** Numbers of every binade from 2^-40 to 2^7 and their negatives, dense between -20 and 20; a multiple of 8 and three more, so that tails run. */
function line(): Float32Array {
  const values: number[] = [0, -0];
  for (let exponent = -40; exponent <= 7; exponent++) {
    for (let step = 0; step < 40; step++) values.push(2 ** exponent * (1 + step / 40 + 0.001), -(2 ** exponent) * (1 + step / 40 + 0.001));
  }
  for (let i = -100000; i <= 100000; i++) values.push(i * 2.00013e-4);
  while (values.length % 8 !== 3) values.push(values.length * 1e-3 - 100);
  return Float32Array.from(values);
}

describe.each(levelsHere())("activations, %s", (_name, level) => {
  const bench = new Bench((module) => {
    defineElementwise(module, level, "exp", 1, 0, (v) => {
      const exp = prepareExp(v);
      return (x) => exp(x!);
    });
    defineElementwiseKernels(module, level);
  });
  const run = (kernel: string, x: Float32Array) => {
    bench.reset();
    const out = bench.bytes(x.length * 4);
    bench.kernels[kernel]!(out, bench.floats(x), 1, x.length, x.length, x.length);
    return bench.read(out, x.length);
  };

  it("exp is within 1 ulp of float64 up to 88, 0 below the normal range, NaN for NaN", () => {
    const x = line().filter((value) => value <= 88);
    const y = run("exp", x);
    let worst = 0;
    for (const [i, value] of y.entries()) {
      if (x[i]! < Math.fround(EXP_UNDERFLOW)) expect(value).toBe(0);
      else worst = Math.max(worst, ulps(value, Math.exp(x[i]!)));
    }
    expect(worst).toBeLessThan(1);
    expect(worst).toBeGreaterThan(0.4); // the comparison sees rounding
    expect([...run("exp", Float32Array.of(Number.NEGATIVE_INFINITY, -1e30, Number.NaN, 0, -0))]).toEqual([0, 0, Number.NaN, 1, 1]);
  });

  // Bounds in ulp as a function of x; below 1e-36 products of tails pass through subnormals and only the absolute error counts.
  const bounds: Record<keyof typeof activations, (x: number) => number> = {
    gelu: (x) => (x >= 0 ? 5 : 6 + (x * x) / 2),
    gelu_tanh: (x) => (x >= 0 ? 4 : 5 + 2.5 * 1.5958 * (0.044715 * Math.abs(x) ** 3 - x)),
    quick_gelu: (x) => (x >= 0 ? 4 : 6 + 1.702 * Math.abs(x)),
    silu: () => 4,
    sigmoid: () => 3,
    tanh: () => 2,
    relu: () => 0,
  };

  it.each(Object.keys(definitions) as (keyof typeof activations)[])("%s keeps its stated bound", (name) => {
    const x = line();
    const y = run(name, x);
    let worst = 0;
    let at = 0;
    let absolute = 0;
    for (const [i, value] of y.entries()) {
      const exact = definitions[name](x[i]!);
      const error = Math.abs(value - exact);
      if (error < 2 ** -115) continue;
      absolute = Math.max(absolute, x[i]! < 0 ? error : 0);
      const share = ulps(value, exact) / Math.max(bounds[name](x[i]!), 1e-9);
      if (!(share <= worst)) {
        worst = share;
        at = x[i]!;
      }
    }
    if (process.env.SHOW_ERRORS !== undefined)
      console.log(name, worst * bounds[name](at), "ulp at", at, "of", bounds[name](at), "abs", absolute);
    expect(worst, `at ${at}`).toBeLessThanOrEqual(1);
    if (name === "gelu") expect(absolute).toBeLessThan(7e-8);
  });

  it("infinities and NaN", () => {
    const infinite = Float32Array.of(Number.POSITIVE_INFINITY, Number.NaN);
    for (const name of ["gelu", "gelu_tanh", "silu", "relu", "quick_gelu"])
      expect([...run(name, infinite)], name).toEqual([Number.POSITIVE_INFINITY, Number.NaN]);
    for (const name of ["sigmoid", "tanh"]) expect([...run(name, infinite)], name).toEqual([1, Number.NaN]);
    const everyKind = new Float32Array(Uint32Array.of(0xffffffff, 0x7fffffff, 0x7fc00001, 0x7f800001, 0xffc000ff).buffer); // erased flash is the first
    for (const name of ["exp", ...Object.keys(definitions)]) expect([...run(name, everyKind)], name).toEqual(Array(5).fill(Number.NaN));
  });
});
