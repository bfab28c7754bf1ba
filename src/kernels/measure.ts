/**
 * How fast a backend runs an encoder here: the number by which "auto" chooses between wasm and the devices that were passed in.
 *
 * A synthetic encoder of MiniLM's shape (L layers that share one layer's weights) runs twice over T tokens; the first pass compiles kernels
 * and allocates, the second counts. A whole pass is timed, with what a GPU spends on submitting and reading back, because that is
 * what decides for small models. Medians of more passes would steady the number; a choice between backends that are close matters little.
 */

import type { Backend } from "../tensor/backend.ts";
import { Sequences } from "../tensor/sequences.ts";
import type { WeightMatrix } from "../tensor/weights.ts";

export interface EncoderShape {
  readonly C: number;
  readonly F: number;
  readonly H: number;
  readonly L: number;
  /** Tokens of the measured batch, in sequences of S. */
  readonly T: number;
  readonly S: number;
}

const MINILM: EncoderShape = { C: 384, F: 1536, H: 12, L: 6, T: 64, S: 32 };
/** Timed passes; the fastest counts, since noise only adds. */
const PASSES = 2;

/** Milliseconds of one pass; the backend stays usable, and keeps the synthetic weights until it is disposed. */
export async function measureBackend(backend: Backend, shape: EncoderShape = MINILM): Promise<number> {
  const forward = syntheticEncoder(backend, shape);
  await backend.pass(forward);
  let fastest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < PASSES; i++) {
    const start = performance.now();
    await backend.pass(forward);
    fastest = Math.min(fastest, performance.now() - start);
  }
  return fastest;
}

/** The body of a pass: L post-norm layers over T tokens, then mean pooling. */
function syntheticEncoder(backend: Backend, { C, F, H, L, T, S }: EncoderShape) {
  const linear = (N: number, K: number) => backend.linear([wave(N, K)], new Float32Array(N));
  const [qkv, project, up, down] = [linear(3 * C, C), linear(C, C), linear(F, C), linear(C, F)];
  const norm = {
    gamma: backend.constant(new Float32Array(C).fill(1), 1, C),
    beta: backend.constant(new Float32Array(C), 1, C),
    eps: 1e-12,
  };
  const input = backend.constant(new Float32Array(wave(T, C).bytes.buffer), T, C);
  const sequences = new Sequences(Array.from({ length: Math.ceil(T / S) }, (_, b) => Math.min(S, T - b * S)));
  return () => {
    let x = input;
    for (let l = 0; l < L; l++) {
      const next = backend.alloc(T, C);
      const [projected, context] = [backend.alloc(T, 3 * C), backend.alloc(T, C)];
      backend.stretch(T, (rows) => backend.project(projected.slice(rows), x.slice(rows), qkv));
      const [q, k, v] = [projected.columns(0, C), projected.columns(C, C), projected.columns(2 * C, C)];
      backend.attention(context, q, k, v, sequences, { heads: H, scale: 1 / Math.sqrt(C / H) });
      backend.stretch(T, (rows) => {
        const [attended, a, fed] = [backend.alloc(rows.count, C), backend.alloc(rows.count, C), backend.alloc(rows.count, C)];
        const inner = backend.alloc(rows.count, F);
        backend.project(attended, context.slice(rows), project);
        backend.addLayerNorm(a, attended, x.slice(rows), norm);
        backend.projectActivate(inner, a, up, "gelu");
        backend.project(fed, inner, down);
        backend.addLayerNorm(next.slice(rows), fed, a, norm);
      });
      x = next;
    }
    const pooled = backend.alloc(sequences.B, C);
    backend.pool(pooled, x, sequences, "mean");
    return [pooled];
  };
}

/** A [rows, cols] f32 weight of varied small numbers: the values do not matter, but zeros or denormals would mislead. */
function wave(rows: number, cols: number): WeightMatrix {
  const values = Float32Array.from({ length: rows * cols }, (_, i) => Math.sin(i * 0.7) / Math.sqrt(cols));
  return { dtype: "F32", rows, cols, bytes: new Uint8Array(values.buffer) };
}
