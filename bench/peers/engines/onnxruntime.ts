/**
 * onnxruntime-node and onnxruntime-web on the ONNX form of the same weights (export_onnx.py). `wide` sets for onnxruntime-web the flag of V8 that
 * enableExperimentalSimd() sets for hummingbert: its fp32 gains, its int8 loses.
 */
import { createRequire } from "node:module";
import { setFlagsFromString } from "node:v8";
import type * as Ort from "onnxruntime-common";
import { type Engine, type EngineOptions, type Feeding, fed, poolPadded } from "../engine.ts";

const require = createRequire(import.meta.url);

export async function onnxruntime(
  runtime: "node" | "web",
  file: "model" | "model_quantized",
  feeding: Feeding,
  { onnx, threads }: EngineOptions,
  wide = false,
): Promise<Engine> {
  const ort: typeof Ort = require(`onnxruntime-${runtime}`);
  if (wide) setFlagsFromString("--experimental-wasm-revectorize");
  if (runtime === "web") ort.env.wasm.numThreads = threads;
  const session = await ort.InferenceSession.create(`${onnx}/onnx/${file}.onnx`, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: "all",
    ...(runtime === "web" ? { executionProviders: ["wasm"] } : {}),
  });
  const call = async (batch: readonly (readonly number[])[]): Promise<Float32Array[]> => {
    const B = batch.length;
    const S = Math.max(...batch.map((ids) => ids.length));
    const ids = new BigInt64Array(B * S);
    const mask = new BigInt64Array(B * S);
    batch.forEach((text, b) => {
      text.forEach((id, s) => {
        ids[b * S + s] = BigInt(id);
        mask[b * S + s] = 1n;
      });
    });
    const result = await session.run({
      input_ids: new ort.Tensor("int64", ids, [B, S]),
      attention_mask: new ort.Tensor("int64", mask, [B, S]),
      token_type_ids: new ort.Tensor("int64", new BigInt64Array(B * S), [B, S]),
    });
    const hidden = result.last_hidden_state!;
    return poolPadded(
      hidden.data as Float32Array,
      S,
      hidden.dims[2]!,
      batch.map((text) => text.length),
    );
  };
  return fed(call, feeding);
}
