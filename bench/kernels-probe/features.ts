import { enableExperimentalSimd, engineInfo } from "../../src/kernels/wasm/features.ts";
const t0 = performance.now();
const a = engineInfo();
const t1 = performance.now();
const b = enableExperimentalSimd();
console.log(process.version, JSON.stringify(a), (t1 - t0).toFixed(1), JSON.stringify(b), (performance.now() - t1).toFixed(1));
