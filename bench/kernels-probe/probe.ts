import v8 from "node:v8";
import { ModuleBuilder } from "../../src/kernels/wasm/emitter/module.ts";
import { defineGemm, panelBytes } from "../../src/kernels/wasm/gemm.ts";
import { defineGemmW8 } from "../../src/kernels/wasm/gemm-w8.ts";
const arg = (k: string, d: string) => (process.argv.find((a) => a.startsWith(k + "=")) ?? `${k}=${d}`).split("=")[1]!;
const wide = arg("wide", "1") === "1", fma = arg("fma", "1") === "1", w8 = arg("w8", "0") === "1";
if (fma && process.version.startsWith("v20")) v8.setFlagsFromString("--experimental-wasm-relaxed-simd");
if (wide) v8.setFlagsFromString("--experimental-wasm-revectorize");
const shapes: [number, number][] = arg("shapes", "384x384,1152x384,1536x384,384x1536").split(",").map((s) => s.split("x").map(Number) as [number, number]);
const Ms = arg("M", "8,32,128").split(",").map(Number);
for (const t of arg("tiles", "6x16,6x8").split(",")) {
  const [MR, NR] = t.split("x").map(Number) as [number, number];
  const module = new ModuleBuilder({ initial: 1 });
  const t0 = performance.now();
  if (w8) defineGemmW8(module, { MR, NR });
  else defineGemm(module, { fma, wide }, { MR, NR });
  const bytes = module.bytes();
  const t1 = performance.now();
  const memory = new WebAssembly.Memory({ initial: 1024 });
  const e = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } }).exports as Record<string, (...a: number[]) => void>;
  const data = new Float32Array(memory.buffer);
  for (let i = 0; i < data.length; i++) data[i] = Math.sin(i * 0.37) ;
  const line: string[] = [];
  for (const [N, K] of shapes) for (const M of Ms) {
    const panels = 0, x = panelBytes(N, K), out = x + 4 * M * K;
    const run = () => e[w8 ? "gemmW8" : "gemm"]!(out, x, x, panels, M, N, K, N, K);
    let end = process.cpuUsage().user + 60000;
    while (process.cpuUsage().user < end) run();
    let best = Infinity;
    const reps = Math.max(1, Math.ceil(2e8 / (2 * M * N * K)));
    for (let i = 0; i < 12; i++) { const a = performance.now(); for (let j = 0; j < reps; j++) run(); best = Math.min(best, (performance.now() - a) / reps); }
    line.push((2 * M * N * K / best / 1e6).toFixed(0).padStart(4));
  }
  console.log(process.version, t.padEnd(8), w8 ? "W8" : "f32", wide ? "wide" : "128", fma ? "fma" : "mul+add", line.join(" "), `emit ${(t1 - t0).toFixed(1)}ms ${bytes.length}B`);
}
