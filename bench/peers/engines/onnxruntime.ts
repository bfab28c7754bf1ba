/**
 * onnxruntime-node and onnxruntime-web on the ONNX form of the same weights (export_onnx.py).
 * How a batch is fed is part of the engine's name: "padded" in one call, "single" one by one, or "buckets": sorted by length, eight a call.
 */
import { createRequire } from "node:module";
import type * as Ort from "onnxruntime-common";
import { type Engine, type EngineOptions, poolPadded } from "../engine.ts";

type Feeding = "padded" | "single" | "buckets";
const BUCKET = 8;
const require = createRequire(import.meta.url);

export function onnxruntime(runtime: "node" | "web", file: "model.onnx" | "model_int8.onnx", feeding: Feeding) {
  return async ({ onnx, threads }: EngineOptions): Promise<Engine> => {
    const ort: typeof Ort = require(`onnxruntime-${runtime}`);
    if (runtime === "web") ort.env.wasm.numThreads = threads;
    const session = await ort.InferenceSession.create(`${onnx}/${file}`, {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: "all",
      ...(runtime === "web" ? { executionProviders: ["wasm"] } : {}),
    });
    const call = async (batch: readonly (readonly number[])[]): Promise<Float32Array[]> => {
      const B = batch.length;
      const S = Math.max(...batch.map((ids) => ids.length));
      const ids = new BigInt64Array(B * S);
      const positions = new BigInt64Array(B * S);
      const mask = new Int32Array(B * S);
      batch.forEach((text, b) => {
        text.forEach((id, s) => {
          ids[b * S + s] = BigInt(id);
          mask[b * S + s] = 1;
        });
        for (let s = 0; s < S; s++) positions[b * S + s] = BigInt(s);
      });
      const result = await session.run({
        input_ids: new ort.Tensor("int64", ids, [B, S]),
        token_type_ids: new ort.Tensor("int64", new BigInt64Array(B * S), [B, S]),
        position_ids: new ort.Tensor("int64", positions, [B, S]),
        attention_mask: new ort.Tensor("int32", mask, [B, S]),
      });
      const hidden = result.last_hidden_state!;
      return poolPadded(
        hidden.data as Float32Array,
        S,
        hidden.dims[2]!,
        batch.map((text) => text.length),
      );
    };
    return { embed: (batch) => feed(call, batch, feeding) };
  };
}

async function feed(call: Engine["embed"], batch: readonly (readonly number[])[], feeding: Feeding): Promise<Float32Array[]> {
  if (feeding === "padded") return call(batch);
  const size = feeding === "single" ? 1 : BUCKET;
  const order = batch.map((_, i) => i).sort((a, b) => batch[a]!.length - batch[b]!.length);
  const out: Float32Array[] = new Array(batch.length);
  for (let first = 0; first < order.length; first += size) {
    const bucket = order.slice(first, first + size);
    const vectors = await call(bucket.map((i) => batch[i]!));
    bucket.forEach((i, k) => {
      out[i] = vectors[k]!;
    });
  }
  return out;
}
