/** The engines by name: what each needs, how texts reach it, and its factory, which is loaded only in the engine's own process. */
import type { EngineFactory, Feeding } from "../engine.ts";

export interface EngineEntry {
  readonly label: string;
  readonly needs: "nothing" | "onnx" | "torch";
  readonly feeding: Feeding;
  /** A vector less like fp32's than this is wrong, not rounded (random words are hard on int8 activations). */
  readonly leastCosine: number;
  /** Absent: a program of its own (engines/pytorch.py). */
  readonly create?: EngineFactory;
}

const EXACT = 0.99999;

/** "wide" asks V8 for its experimental 256-bit SIMD (Node 22 or later). */
const ours = (label: string, dtype: "f32" | "w8", simd: "wide" | "standard"): EngineEntry => ({
  label,
  needs: "nothing",
  feeding: "ragged",
  leastCosine: dtype === "f32" ? EXACT : 0.99,
  create: async (options) => (await import("./hummingbert.ts")).hummingbert(dtype, simd, options),
});

const ort = (
  label: string,
  runtime: "node" | "web",
  file: "model" | "model_quantized",
  feeding: Feeding = "padded",
  wide = false,
): EngineEntry => ({
  label,
  needs: "onnx",
  feeding,
  leastCosine: file === "model" ? EXACT : 0.7,
  create: async (options) => (await import("./onnxruntime.ts")).onnxruntime(runtime, file, feeding, options, wide),
});

const transformersJs = (label: string, dtype: "fp32" | "q8", feeding: Feeding = "padded"): EngineEntry => ({
  label,
  needs: "onnx",
  feeding,
  leastCosine: dtype === "fp32" ? EXACT : 0.7,
  create: async (options) => (await import("./transformers-js.ts")).transformersJs(dtype, feeding, options),
});

export const ENGINES: Readonly<Record<string, EngineEntry>> = {
  "hummingbert-f32": ours("hummingbert f32", "f32", "wide"),
  "hummingbert-w8": ours("hummingbert w8", "w8", "wide"),
  "hummingbert-f32-standard": ours("hummingbert f32, 128-bit", "f32", "standard"),
  "hummingbert-w8-standard": ours("hummingbert w8, 128-bit", "w8", "standard"),
  "ort-node": ort("onnxruntime-node fp32", "node", "model"),
  "ort-node-single": ort("onnxruntime-node fp32, one by one", "node", "model", "single"),
  "ort-node-buckets": ort("onnxruntime-node fp32, best buckets", "node", "model", "buckets"),
  "ort-node-int8": ort("onnxruntime-node int8", "node", "model_quantized"),
  "ort-node-int8-single": ort("onnxruntime-node int8, one by one", "node", "model_quantized", "single"),
  "ort-web": ort("onnxruntime-web fp32", "web", "model"),
  "ort-web-wide": ort("onnxruntime-web fp32, same V8 flag", "web", "model", "padded", true),
  "ort-web-single": ort("onnxruntime-web fp32, one by one", "web", "model", "single"),
  "ort-web-int8": ort("onnxruntime-web int8", "web", "model_quantized"),
  "ort-web-int8-single": ort("onnxruntime-web int8, one by one", "web", "model_quantized", "single"),
  "transformers-js": transformersJs("transformers.js fp32", "fp32"),
  "transformers-js-q8": transformersJs("transformers.js q8", "q8"),
  "tfjs-wasm": {
    label: "TensorFlow.js wasm",
    needs: "nothing",
    feeding: "alone",
    leastCosine: EXACT,
    create: async (options) => (await import("./tfjs.ts")).tfjs(options),
  },
  "jax-js": {
    label: "jax-js wasm",
    needs: "nothing",
    feeding: "alone",
    leastCosine: EXACT,
    create: async (options) => (await import("./jax-js.ts")).jaxJs(options),
  },
  pytorch: { label: "PyTorch sdpa", needs: "torch", feeding: "padded", leastCosine: EXACT },
};
