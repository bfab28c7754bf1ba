/**
 * The part of gpu.js (2.24) that this backend uses, and the one place that calls it.
 *
 * gpu.js compiles a kernel from the text of a JavaScript function, so kernels here are plain functions that obey four rules:
 *   one loop at most (its cpu mode declares loop variables in one scope, and minifiers give sibling loops the same name);
 *   no nested function and nothing from outside the function but `this`, Math and the arguments;
 *   integers are arguments, real numbers are `this.constants` (an argument's type is inferred from its first value, and 1 would make an integer);
 *   index / D is written Math.floor((index + 0.5) / D): a GPU's division may fall below the whole number.
 */

import { UnsupportedError } from "../../errors.ts";

export type GpuJsMode = "cpu" | "webasm" | "webgl" | "webgl2" | "webgpu" | "headlessgl";

/** gpu.js's GPU class; the user passes it in, so that this library does not depend on it. */
export type GpuConstructor = new (settings: { mode: GpuJsMode }) => object;

/** Rows of a matrix: what gpu.js takes and returns for two dimensions. */
export type Matrix = readonly Float32Array[];

/** `this` of a kernel. Rows are thread.y, columns thread.x, heads thread.z. */
export interface KernelThis {
  readonly thread: { readonly x: number; readonly y: number; readonly z: number };
  readonly constants: Readonly<Record<string, number>>;
}

/** A kernel's source; its arguments are checked by the op that runs it. */
export type KernelSource = (this: KernelThis, ...args: never[]) => number;
export type Constants = Readonly<Record<string, number>>;

/** A compiled kernel: a function with settings. In webgpu mode it returns a promise, elsewhere the value. */
export interface CompiledKernel {
  (...args: unknown[]): unknown;
  setOutput(size: readonly number[]): CompiledKernel;
  /** What gpu.js made of it: it falls back to its cpu mode where a mode cannot take a kernel. */
  readonly kernel: { readonly constructor: { readonly mode?: string }; readonly fallbackReason?: string | null };
}
export interface Plan {
  (...args: unknown[]): Promise<unknown>;
  destroy(): void;
  readonly backend: string | null;
  readonly fallbackReason: string | null;
}
interface Gpu {
  createKernel(source: KernelSource, settings: object): CompiledKernel;
  createPipeline?(orchestrate: (...handles: unknown[]) => unknown, settings?: object): Plan;
  destroy(): unknown;
}

/** gpu.js stops a loop with a variable bound after this many turns (its default is 1000, less than BERT's F). */
const LOOP_MAX = 2 ** 20;
/** Plans are made for one size each; the oldest goes when there are more. */
const MAX_PLANS = 16;

export class GpuKernels {
  /** Kernels that gpu.js ran in its cpu mode though another was asked for, each with its reason. Tests expect none. */
  readonly fallbacks = new Set<string>();
  readonly #mode: GpuJsMode;
  readonly #gpu: Gpu;
  readonly #kernels = new Map<KernelSource, Map<string, CompiledKernel>>();
  readonly #plans = new Map<string, Plan>();

  constructor(GPU: GpuConstructor, mode: GpuJsMode) {
    this.#mode = mode;
    try {
      this.#gpu = new GPU({ mode }) as Gpu;
    } catch (cause) {
      throw new UnsupportedError(
        `gpuJs: gpu.js offers no mode "${mode}" here (${String(cause)}); use mode "webasm" or "cpu", or device "wasm"`,
        {
          cause,
        },
      );
    }
  }

  /** The kernel of `source` with `constants` baked in, compiled once. */
  kernel(source: KernelSource, constants: Constants = {}): CompiledKernel {
    const variants = this.#kernels.get(source) ?? new Map<string, CompiledKernel>();
    this.#kernels.set(source, variants);
    const key = JSON.stringify(constants);
    const kernel = variants.get(key) ?? this.create(source, [1], constants);
    variants.set(key, kernel);
    return kernel;
  }

  create(source: KernelSource, output: readonly number[], constants: Constants = {}): CompiledKernel {
    const settings = { precision: "single", dynamicOutput: true, dynamicArguments: true, loopMaxIterations: LOOP_MAX, constants, output };
    return this.#gpu.createKernel(source, settings);
  }

  /** out[y][x] for y < rows, x < cols. */
  async matrix(source: KernelSource, rows: number, cols: number, args: readonly unknown[], constants?: Constants): Promise<Matrix> {
    return (await this.#run(source, [cols, rows], args, constants)) as Matrix;
  }

  /** out[x] for x < length. */
  async vector(source: KernelSource, length: number, args: readonly unknown[], constants?: Constants): Promise<Float32Array> {
    return (await this.#run(source, [length], args, constants)) as Float32Array;
  }

  async #run(source: KernelSource, output: readonly number[], args: readonly unknown[], constants?: Constants): Promise<unknown> {
    const compiled = this.kernel(source, constants).setOutput(output);
    const result = await compiled(...args);
    const { mode } = compiled.kernel.constructor;
    this.#note(source.name, mode, compiled.kernel.fallbackReason);
    return result;
  }

  #note(what: string, mode: string | null | undefined, reason: string | null | undefined): void {
    if (mode === "cpu" && this.#mode !== "cpu") this.fallbacks.add(`${what} ran in mode cpu instead of ${this.#mode}: ${reason}`);
  }

  /** Runs a plan with `args`. */
  async runPlan(plan: Plan, args: readonly unknown[]): Promise<unknown> {
    const result = await plan(...args);
    this.#note("a plan", plan.backend, plan.fallbackReason);
    return result;
  }

  /** The plan called `key`: several kernels whose intermediate results stay where they are computed. */
  plan(key: string, orchestrate: () => (...handles: unknown[]) => unknown): Plan {
    if (!this.#gpu.createPipeline) {
      throw new UnsupportedError("gpuJs: this gpu.js has no createPipeline; install gpu.js 2.24 or later");
    }
    const known = this.#plans.get(key);
    if (known) return known;
    const plan = this.#gpu.createPipeline(orchestrate(), { threads: false });
    this.#plans.set(key, plan);
    const [oldest] = this.#plans.keys();
    if (this.#plans.size > MAX_PLANS && oldest !== undefined) {
      this.#plans.get(oldest)?.destroy();
      this.#plans.delete(oldest);
    }
    return plan;
  }

  dispose(): void {
    this.#plans.clear();
    this.#kernels.clear();
    void this.#gpu.destroy();
  }
}
