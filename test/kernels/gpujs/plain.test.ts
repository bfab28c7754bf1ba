/**
 * gpu.js kernels are JavaScript functions, so they can be called without gpu.js: a stand-in for its GPU class calls them once a thread.
 * This checks the formulas and the backend around them in the unit tests; test/gpu runs the same suite on gpu.js itself.
 */

import { expect, test } from "vitest";
import { ConfigError, UnsupportedError } from "../../../src/errors.ts";
import { type GpuConstructor, gpuJs } from "../../../src/kernels/gpujs/index.ts";
import { conformance } from "../conformance/suite.ts";

type Source = (this: object, ...args: unknown[]) => number;

class PlainGpu {
  createKernel(source: Source, { constants, output }: { constants: object; output: number[] }) {
    let size = output;
    const kernel = (...args: unknown[]) => {
      const [X, Y = 0, Z = 0] = size;
      const row = (y: number, z: number) =>
        Float32Array.from({ length: X! }, (_, x) => source.call({ thread: { x, y, z }, constants }, ...args));
      const rows = (z: number) => Array.from({ length: Y }, (_, y) => row(y, z));
      if (Z > 0) return Array.from({ length: Z }, (_, z) => rows(z));
      return Y > 0 ? rows(0) : row(0, 0);
    };
    const compiled = Object.assign(kernel, {
      kernel: { constructor: { mode: "cpu" } },
      setOutput: (next: number[]) => {
        size = next;
        return compiled;
      },
    });
    return compiled;
  }
  createPipeline(orchestrate: (...args: unknown[]) => unknown) {
    return Object.assign(async (...args: unknown[]) => orchestrate(...args), { destroy: () => {}, backend: "cpu", fallbackReason: null });
  }
  destroy(): void {}
}

conformance("gpu.js kernels as plain functions", () => gpuJs(PlainGpu, { mode: "cpu" }).createBackend(), {
  w8: "dequantized",
  sums: "f64",
});

test("what is not a class, a mode that gpu.js refuses, and an old gpu.js are errors that say what to do", async () => {
  expect(() => gpuJs(undefined as unknown as GpuConstructor)).toThrow(ConfigError);
  class Refusing {
    constructor() {
      throw new Error("not supported");
    }
  }
  await expect(gpuJs(Refusing, { mode: "webgl2" }).createBackend()).rejects.toThrow(UnsupportedError);
  await expect(gpuJs(Refusing, { mode: "webgl2" }).createBackend()).rejects.toThrow(/no mode "webgl2" here.*not supported.*device "wasm"/);
});
