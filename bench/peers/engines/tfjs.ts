/** TensorFlow.js with its WebAssembly backend: the BERT encoder in its operations, one text a call. */
import { createRequire } from "node:module";
import { dirname } from "node:path";
import type * as Tf from "@tensorflow/tfjs-core";
import { type Engine, type EngineOptions, poolPadded } from "../engine.ts";
import { bertWeights, type Dense, embedTokens, type Norm } from "./bert-weights.ts";

const require = createRequire(import.meta.url);

export async function tfjs({ model, threads }: EngineOptions): Promise<Engine> {
  const tf: typeof Tf = require("@tensorflow/tfjs-core");
  const wasm = require("@tensorflow/tfjs-backend-wasm");
  wasm.setWasmPaths(`${dirname(require.resolve("@tensorflow/tfjs-backend-wasm"))}/`);
  wasm.setThreadsCount(threads);
  await tf.setBackend("wasm");
  const weights = await bertWeights(model);
  const { C, H, eps } = weights;
  const D = C / H;
  const dense = ({ weight, bias, shape }: Dense) => ({ weight: tf.tensor2d(weight, [...shape]), bias: tf.tensor1d(bias) });
  const norm = ({ gamma, beta }: Norm) => ({ gamma: tf.tensor1d(gamma), beta: tf.tensor1d(beta) });
  const first = norm(weights.norm);
  const layers = weights.layers.map((layer) => ({
    qkv: dense(layer.qkv),
    mix: dense(layer.mix),
    mixNorm: norm(layer.mixNorm),
    up: dense(layer.up),
    down: dense(layer.down),
    norm: norm(layer.norm),
  }));
  const project = (x: Tf.Tensor2D, { weight, bias }: ReturnType<typeof dense>) => tf.fused.matMul({ a: x, b: weight, bias }) as Tf.Tensor2D;
  const normalize = (x: Tf.Tensor2D, { gamma, beta }: ReturnType<typeof norm>) => {
    const centered = tf.sub(x, tf.mean(x, 1, true));
    const variance = tf.mean(tf.square(centered), 1, true);
    return tf.add(tf.mul(tf.mul(centered, tf.rsqrt(tf.add(variance, eps))), gamma), beta) as Tf.Tensor2D;
  };
  const gelu = (x: Tf.Tensor2D) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)) as Tf.Tensor2D;
  const forward = (ids: readonly number[]) =>
    tf.tidy(() => {
      const S = ids.length;
      let x = normalize(tf.tensor2d(embedTokens(weights, ids), [S, C]), first);
      for (const { qkv, mix, mixNorm, up, down, norm } of layers) {
        const [q, k, v] = tf.unstack(tf.transpose(tf.reshape(project(x, qkv), [S, 3, H, D]), [1, 2, 0, 3])); // each H S D
        const p = tf.softmax(tf.mul(tf.matMul(q!, k!, false, true), 1 / Math.sqrt(D)));
        const context = tf.reshape(tf.transpose(tf.matMul(p, v!), [1, 0, 2]), [S, C]) as Tf.Tensor2D;
        const a = normalize(tf.add(x, project(context, mix)) as Tf.Tensor2D, mixNorm);
        x = normalize(tf.add(a, project(gelu(project(a, up)), down)) as Tf.Tensor2D, norm);
      }
      return x;
    });
  return {
    async embed(batch) {
      const vectors: Float32Array[] = [];
      for (const ids of batch) {
        const hidden = forward(ids);
        vectors.push(poolPadded((await hidden.data()) as Float32Array, ids.length, C, [ids.length])[0]!);
        hidden.dispose();
      }
      return vectors;
    },
  };
}
