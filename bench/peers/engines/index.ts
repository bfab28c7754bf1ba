/** The engines by name, each loaded only in its own process. "wide" needs Node 22 or later; feeding matters for batches of several texts only. */
import type { EngineFactory } from "../engine.ts";

const ours =
  (dtype: "f32" | "w8", simd: "wide" | "standard"): EngineFactory =>
  async (options) =>
    (await import("./hummingbert.ts")).hummingbert(dtype, simd)(options);

const ort =
  (runtime: "node" | "web", file: "model.onnx" | "model_int8.onnx", feeding: "padded" | "single" | "buckets" = "padded"): EngineFactory =>
  async (options) =>
    (await import("./onnxruntime.ts")).onnxruntime(runtime, file, feeding)(options);

export const ENGINES: Readonly<Record<string, EngineFactory>> = {
  "hummingbert-f32": ours("f32", "wide"),
  "hummingbert-w8": ours("w8", "wide"),
  "hummingbert-f32-standard": ours("f32", "standard"),
  "hummingbert-w8-standard": ours("w8", "standard"),
  "ort-node": ort("node", "model.onnx"),
  "ort-node-single": ort("node", "model.onnx", "single"),
  "ort-node-buckets": ort("node", "model.onnx", "buckets"),
  "ort-node-int8": ort("node", "model_int8.onnx"),
  "ort-web": ort("web", "model.onnx"),
  "ort-web-int8": ort("web", "model_int8.onnx"),
};
