/** A kernel written with the emitter: y[i] = a * x[i] + y[i], four at a time. It prints the module's bytes and runs it. */

import * as f32x4 from "../../src/kernels/wasm/emitter/f32x4.ts";
import * as i32 from "../../src/kernels/wasm/emitter/i32.ts";
import { ModuleBuilder } from "../../src/kernels/wasm/emitter/module.ts";
import * as v128 from "../../src/kernels/wasm/emitter/v128.ts";

const module = new ModuleBuilder({ initial: 1 });
module.function("axpy", { i32: 3, f32: 1 }, (f, y, x, count, a) => {
  const factor = f.v128(f32x4.splat(a));
  f.repeat(count, 4, () => {
    const product = f32x4.mul(factor, v128.load(x));
    f.storeV128(y, f32x4.add(product, v128.load(y)));
    x.set(i32.add(x, 16));
    y.set(i32.add(y, 16));
  });
});
const bytes = module.bytes();
console.log(`${bytes.length} bytes`);
for (let at = 0; at < bytes.length; at += 16) {
  console.log(Array.from(bytes.subarray(at, at + 16), (byte) => byte.toString(16).padStart(2, "0")).join(" "));
}

const memory = new WebAssembly.Memory({ initial: 1 });
const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
const axpy = instance.exports.axpy as (y: number, x: number, count: number, a: number) => void;
const [y, x] = [new Float32Array(memory.buffer, 0, 8), new Float32Array(memory.buffer, 32, 8)];
y.fill(1);
x.set([1, 2, 3, 4, 5, 6, 7, 8]);
axpy(0, 32, 8, 0.5);
console.log(`y = ${[...y].join(", ")}`);
