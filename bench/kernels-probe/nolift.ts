import v8 from "node:v8";
import { ModuleBuilder } from "../../src/kernels/wasm/emitter/module.ts";
import { defineGemm, panelBytes } from "../../src/kernels/wasm/gemm.ts";
const wide = process.argv[2] !== "128";
if (process.version.startsWith("v20")) v8.setFlagsFromString("--experimental-wasm-relaxed-simd");
const T0 = performance.now();
if (wide) v8.setFlagsFromString("--experimental-wasm-revectorize");
v8.setFlagsFromString("--no-liftoff");
for (const [fma, MR, NR] of [[true, 6, 16], [true, 6, 8], [false, 4, 16], [false, 4, 8]] as const) {
  const t0 = performance.now();
  const module = new ModuleBuilder({ initial: 1 });
  defineGemm(module, { fma, wide }, { MR, NR });
  const bytes = module.bytes();
  const t1 = performance.now();
  const memory = new WebAssembly.Memory({ initial: 4 });
  const { gemm } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports as Record<string, (...a: number[]) => void>;
  const t2 = performance.now();
  const run = () => gemm!(200000, 150000, 0, 0, MR, 32, 512, 32, 512);
  run();
  const t3 = performance.now();
  let best = Infinity;
  for (let i = 0; i < 20; i++) { const a = performance.now(); run(); best = Math.min(best, performance.now() - a); }
  console.log(process.version, fma, MR, NR, `emit ${(t1 - t0).toFixed(2)} compile ${(t2 - t1).toFixed(2)} first ${(t3 - t2).toFixed(2)} best ${(best * 1000).toFixed(1)}us = ${(2 * MR * 32 * 512 / best / 1e6).toFixed(0)} GFLOP/s`);
}
v8.setFlagsFromString("--liftoff");
console.log(`total ${(performance.now() - T0).toFixed(1)}`);
