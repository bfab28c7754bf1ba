/** transformers.js in Node (its onnxruntime-node backend) on the ONNX form of the same weights, from a local folder. */
import { basename, dirname } from "node:path";
import { AutoModel, env, Tensor } from "@huggingface/transformers";
import { type Engine, type EngineOptions, type Feeding, fed, poolPadded } from "../engine.ts";

export async function transformersJs(dtype: "fp32" | "q8", feeding: Feeding, { onnx, threads }: EngineOptions): Promise<Engine> {
  env.allowRemoteModels = false;
  env.localModelPath = dirname(onnx);
  const model = await AutoModel.from_pretrained(basename(onnx), {
    dtype,
    device: "cpu",
    session_options: { intraOpNumThreads: threads, interOpNumThreads: 1 },
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
    const { last_hidden_state: hidden } = await model({
      input_ids: new Tensor("int64", ids, [B, S]),
      attention_mask: new Tensor("int64", mask, [B, S]),
      token_type_ids: new Tensor("int64", new BigInt64Array(B * S), [B, S]),
    });
    return poolPadded(
      hidden.data as Float32Array,
      S,
      hidden.dims[2],
      batch.map((text) => text.length),
    );
  };
  return fed(call, feeding);
}
