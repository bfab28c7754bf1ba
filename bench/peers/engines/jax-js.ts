/** jax-js with its WebAssembly backend, jitted: the BERT encoder in its operations, one text a call. One thread is what it has. */
import { defaultDevice, init, jit, nn, numpy as np } from "@jax-js/jax";
import { type Engine, type EngineOptions, poolPadded } from "../engine.ts";
import { bertWeights, type Dense, embedTokens, type Norm } from "./bert-weights.ts";

type Array = np.Array;

export async function jaxJs({ model }: EngineOptions): Promise<Engine> {
  await init("wasm");
  defaultDevice("wasm");
  const weights = await bertWeights(model);
  const { C, H, eps } = weights;
  const D = C / H;
  const dense = ({ weight, bias, shape }: Dense) => ({ weight: np.array(weight).reshape([...shape]), bias: np.array(bias) });
  const norm = ({ gamma, beta }: Norm) => ({ gamma: np.array(gamma), beta: np.array(beta) });
  const tree = {
    first: norm(weights.norm),
    layers: weights.layers.map((layer) => ({
      qkv: dense(layer.qkv),
      mix: dense(layer.mix),
      mixNorm: norm(layer.mixNorm),
      up: dense(layer.up),
      down: dense(layer.down),
      norm: norm(layer.norm),
    })),
  };
  type Tree = typeof tree;
  const project = (x: Array, { weight, bias }: { weight: Array; bias: Array }) => np.matmul(x, weight).add(bias);
  const normalize = (x: Array, { gamma, beta }: { gamma: Array; beta: Array }) => {
    const centered = x.ref.sub(np.mean(x, 1, { keepdims: true }));
    const variance = np.mean(np.square(centered.ref), 1, { keepdims: true });
    return centered
      .div(np.sqrt(variance.add(eps)))
      .mul(gamma)
      .add(beta);
  };
  const forward = jit((x0: Array, { first, layers }: Tree) => {
    const S = x0.shape[0]!;
    let x = normalize(x0, first);
    for (const { qkv, mix, mixNorm, up, down, norm } of layers) {
      const heads = project(x.ref, qkv).reshape([S, 3, H, D]).transpose([1, 2, 0, 3]); // 3 H S D
      const [q, k, v] = [heads.ref.slice(0), heads.ref.slice(1), heads.slice(2)];
      const p = nn.softmax(np.matmul(q, k.transpose([0, 2, 1])).mul(1 / Math.sqrt(D)), -1);
      const context = np.matmul(p, v).transpose([1, 0, 2]).reshape([S, C]);
      const a = normalize(x.add(project(context, mix)), mixNorm);
      x = normalize(a.ref.add(project(nn.gelu(project(a, up), { approximate: false }), down)), norm);
    }
    return x;
  });
  const held = () => mapTree(tree);
  return {
    async embed(batch) {
      const vectors: Float32Array[] = [];
      for (const ids of batch) {
        const hidden = forward(np.array(embedTokens(weights, ids)).reshape([ids.length, C]), held()) as Array;
        vectors.push(poolPadded((await hidden.data()) as Float32Array, ids.length, C, [ids.length])[0]!);
      }
      return vectors;
    },
  };
}

/** A call consumes its arguments: a reference more to each. */
function mapTree<T>(tree: T): T {
  const map = (value: unknown): unknown => {
    if (value instanceof np.Array) return value.ref;
    if (globalThis.Array.isArray(value)) return value.map(map);
    return Object.fromEntries(Object.entries(value as object).map(([key, inner]) => [key, map(inner)]));
  };
  return map(tree) as T;
}
