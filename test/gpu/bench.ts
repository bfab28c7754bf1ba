/**
 * Forward passes on the GPU that WebGPU finds here, by Dawn: ms and GFLOP/s of MiniLM's and BERT-base's encoders, for one short text and for
 * 64 x 128 tokens. `npm run bench` beside this file; on a machine without a GPU it says so, and only the smallest shape runs.
 *
 * FLOP count only matrix products: per token and layer 2 (4 C² + 2 C F) in linear layers and 4 S C in attention.
 */

import { type EncoderShape, measureBackend } from "../../src/kernels/measure.ts";
import { webgpu } from "../../src/kernels/webgpu/index.ts";
import { dawn } from "./dawn.ts";

const MINILM = { C: 384, F: 1536, H: 12, L: 6 };
const BERT_BASE = { C: 768, F: 3072, H: 12, L: 12 };
const SHAPES: readonly (readonly [name: string, shape: EncoderShape])[] = [
  ["MiniLM, 1 x 16 tokens", { ...MINILM, T: 16, S: 16 }],
  ["MiniLM, 1 x 128 tokens", { ...MINILM, T: 128, S: 128 }],
  ["MiniLM, 64 x 128 tokens", { ...MINILM, T: 64 * 128, S: 128 }],
  ["BERT-base, 1 x 128 tokens", { ...BERT_BASE, T: 128, S: 128 }],
  ["BERT-base, 64 x 128 tokens", { ...BERT_BASE, T: 64 * 128, S: 128 }],
];

const flops = ({ C, F, L, T, S }: EncoderShape) => T * L * (2 * (4 * C * C + 2 * C * F) + 4 * S * C);

const info = (await dawn().requestAdapter())?.info;
if (!info) throw new Error("no adapter: set VK_DRIVER_FILES or install a GPU driver");
const isSoftware = /swiftshader|llvmpipe/i.test(`${info.architecture} ${info.description}`);
console.log(
  `${info.vendor} ${info.architecture} ${info.description}${isSoftware ? ": no GPU here, these are the figures of software" : ""}`,
);
for (const weights of ["f32", "f16"] as const) {
  const device = webgpu({ gpu: dawn(), weights });
  for (const [name, shape] of isSoftware ? SHAPES.slice(0, 1) : SHAPES) {
    const backend = await device.createBackend();
    const ms = await measureBackend(backend, shape);
    console.log(`${name}, ${weights} weights: ${ms.toFixed(2)} ms, ${(flops(shape) / ms / 1e6).toFixed(1)} GFLOP/s`);
    backend.dispose();
  }
}
