import { describe, expect, it } from "vitest";
import { ALL_KERNELS, SHARED_KERNELS } from "../../../src/kernels/wasm/all-kernels.ts";
import { useCompiledKernels } from "../../../src/kernels/wasm/compiled.ts";
import { enableExperimentalSimd } from "../../../src/kernels/wasm/experimental.ts";
import { currentLevel, engineInfo, levelName } from "../../../src/kernels/wasm/features.ts";
import { kernelFiles } from "../../../src/kernels/wasm/kernel-files.ts";
import { CORE_KERNELS, instantiateKernels, kernelModule } from "../../../src/kernels/wasm/kernel-set.ts";
import type { FeatureLevel } from "../../../src/kernels/wasm/level.ts";
import { packedSize, packLinear } from "../../../src/kernels/wasm/pack.ts";
import { randomFloats } from "./harness.ts";

/** One layer [N, K] over M rows with the kernels of a level. */
function layer(shared = false): Float32Array {
  const [M, N, K] = [13, 50, 70];
  const memory = new WebAssembly.Memory(shared ? { initial: 16, maximum: 32, shared: true } : { initial: 16 });
  const kernels = instantiateKernels(kernelModule(shared ? SHARED_KERNELS : ALL_KERNELS, currentLevel()), memory);
  const weight = { dtype: "F32", rows: N, cols: K, bytes: new Uint8Array(randomFloats(N * K, 1).buffer) } as const;
  const { byteCount } = packedSize([weight]);
  const { panels } = packLinear(kernels, [weight], randomFloats(N, 2), 0, byteCount);
  const x = 1 << 18;
  const out = 1 << 19;
  new Float32Array(memory.buffer, x, M * K).set(randomFloats(M * K, 3));
  kernels.gemm(out, x, 0, panels, M, N, K, N, K);
  return new Float32Array(memory.buffer, out, M * N).slice();
}

describe("feature levels", () => {
  it("engineInfo names the level; the opt-in changes it at most once, and revectorisation changes no bit", () => {
    const before = engineInfo();
    expect(before.simd).toBe(true);
    expect(before.revectorized).toBe(false);
    expect(before.kernels).toBe(levelName(currentLevel()));
    const plain = layer();
    const after = enableExperimentalSimd();
    expect(after).toEqual(engineInfo());
    expect(enableExperimentalSimd()).toEqual(after);
    expect(after.kernels).toMatch(/^wasm-simd(-fma)?(-dot8s?)?(-256)?$/);
    expect(after.kernels.includes("-fma")).toBe(after.relaxedFma);
    expect(after.kernels.endsWith("-256")).toBe(after.revectorized);
    const experimental = layer();
    if (after.relaxedFma === before.relaxedFma) expect(experimental).toEqual(plain);
    else for (const [i, value] of experimental.entries()) expect(Math.abs(value - plain[i]!)).toBeLessThan(2 * 71 * 2 ** -24 * 71);
  });

  it("a module for shared memory gives the same bits", () => {
    expect(layer(true)).toEqual(layer(false));
  });

  it("a level's module is compiled once", () => {
    expect(kernelModule(ALL_KERNELS, currentLevel())).toBe(kernelModule(ALL_KERNELS, currentLevel()));
  });

  it("kernel files: one for each level without flags, importing nothing but the memory; over shared memory it is the module emitted for that", () => {
    enableExperimentalSimd(); // Node 20 compiles relaxed SIMD only behind its flag
    const files = kernelFiles();
    const levels: [string, FeatureLevel][] = [
      ["wasm-simd", { fma: false, wide: false }],
      ["wasm-simd-fma", { fma: true, wide: false }],
      ["wasm-simd-fma-dot8", { fma: true, wide: false, dot8: "unsigned" }],
      ["wasm-simd-fma-dot8s", { fma: true, wide: false, dot8: "signed" }],
    ];
    expect(files.map(({ name }) => name)).toEqual(levels.map(([name]) => name));
    for (const [i, { name, bytes }] of files.entries()) {
      const module = new WebAssembly.Module(bytes);
      expect(WebAssembly.Module.imports(module), name).toEqual([{ module: "env", name: "memory", kind: "memory" }]);
      expect(instantiateKernels(module, new WebAssembly.Memory({ initial: 1 })).gemmW8).toBeTypeOf("function");
      const [, level] = levels[i]!;
      expect(Buffer.compare(SHARED_KERNELS.bytes(level, bytes), SHARED_KERNELS.bytes(level, undefined)), name).toBe(0);
    }
  });

  it("useCompiledKernels takes a module and the name of its file, nothing else", () => {
    const { bytes } = kernelFiles()[0]!;
    const module = new WebAssembly.Module(bytes);
    expect(() => useCompiledKernels("wasm-simd-256" as "wasm-simd", module)).toThrow(
      /expected wasm-simd or wasm-simd-fma, got "wasm-simd-256"/,
    );
    expect(() => useCompiledKernels("wasm-simd", bytes)).toThrow(/expected a WebAssembly.Module, got object/);
    useCompiledKernels("wasm-simd", module);
    expect(engineInfo().kernels).toBe("wasm-simd");
    for (const kernels of [CORE_KERNELS, ALL_KERNELS]) expect(kernelModule(kernels, currentLevel())).toBe(module);
    expect(kernelModule(SHARED_KERNELS, currentLevel())).not.toBe(module);
  });
});
