import { describe, expect, it } from "vitest";
import { useCompiledKernels } from "../../../src/kernels/wasm/compiled.ts";
import { currentLevel, enableExperimentalSimd, engineInfo, levelName } from "../../../src/kernels/wasm/features.ts";
import { kernelFiles } from "../../../src/kernels/wasm/kernel-files.ts";
import { instantiateKernels, kernelModule } from "../../../src/kernels/wasm/kernel-set.ts";
import { packedSize, packLinear } from "../../../src/kernels/wasm/pack.ts";
import { randomFloats } from "./harness.ts";

/** One layer [N, K] over M rows with the kernels of a level. */
function layer(shared = false): Float32Array {
  const [M, N, K] = [13, 50, 70];
  const memory = new WebAssembly.Memory(shared ? { initial: 16, maximum: 32, shared: true } : { initial: 16 });
  const kernels = instantiateKernels(kernelModule(currentLevel(), shared), memory);
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
    expect(kernelModule(currentLevel(), false)).toBe(kernelModule(currentLevel(), false));
  });

  it("kernel files: one for each level without flags and kind of memory, importing nothing but the memory", () => {
    enableExperimentalSimd(); // Node 20 compiles relaxed SIMD only behind its flag
    const files = kernelFiles();
    const levels = ["wasm-simd", "wasm-simd-fma", "wasm-simd-fma-dot8", "wasm-simd-fma-dot8s"];
    expect(files.map(({ name }) => name)).toEqual(levels.flatMap((level) => [level, `${level}-shared`]));
    for (const { name, bytes } of files) {
      const module = new WebAssembly.Module(bytes);
      expect(WebAssembly.Module.imports(module), name).toEqual([{ module: "env", name: "memory", kind: "memory" }]);
      const memory = new WebAssembly.Memory(name.endsWith("-shared") ? { initial: 1, maximum: 1, shared: true } : { initial: 1 });
      expect(instantiateKernels(module, memory).gemmW8).toBeTypeOf("function");
    }
  });

  it("useCompiledKernels takes a module and the name of its file, nothing else", () => {
    const { bytes } = kernelFiles()[0]!;
    const module = new WebAssembly.Module(bytes);
    expect(() => useCompiledKernels("wasm-simd-256" as "wasm-simd", module)).toThrow(
      /expected wasm-simd or wasm-simd-fma, got "wasm-simd-256"/,
    );
    expect(() => useCompiledKernels("wasm-simd", bytes as unknown as WebAssembly.Module)).toThrow(
      /expected a WebAssembly.Module, got object/,
    );
    useCompiledKernels("wasm-simd", module);
    expect(engineInfo().kernels).toBe("wasm-simd");
    expect(kernelModule(currentLevel(), false)).toBe(module);
  });
});
