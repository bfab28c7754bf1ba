/**
 * StaticEmbedding (sentence-transformers; model2vec): a table with one vector a token and nothing else. A text's vector is the mean of its tokens'.
 *
 *   hidden[t] = table[ids[t]],   then mean pooling; a text without tokens is a zero vector
 *
 * It speaks the same interface as an encoder, so pooling and the modules after it are shared. Files: `embedding.weight`,
 * or model2vec's `embeddings` (without its optional `mapping` and `weights`).
 */

import { UnsupportedError, WeightError } from "../errors.ts";
import type { LoadOptions, ModelFiles } from "../files/types.ts";
import { createBackend } from "../kernels/choose.ts";
import type { ForwardOptions, Model, ModelInput, ModelOutput } from "../models/types.ts";
import { makeUsable } from "../models/using.ts";
import type { Safetensors } from "../safetensors/types.ts";
import type { Backend } from "../tensor/backend.ts";
import type { Mat } from "../tensor/mat.ts";
import { CallQueue } from "../tensor/queue.ts";
import { Sequences } from "../tensor/sequences.ts";
import { tensor } from "../tensor/shape.ts";
import type { Table, WeightDType, WeightMatrix } from "../tensor/weights.ts";
import { readModuleWeights } from "./module-weights.ts";
import type { TokenVectorModel } from "./text-vectors.ts";

const NAMES = ["embedding.weight", "embeddings"];
const FLOATS: readonly string[] = ["F64", "F32", "F16", "BF16"];

export class StaticModel implements Model, TokenVectorModel {
  declare [Symbol.dispose]: () => void;
  readonly architecture = "StaticEmbedding";
  readonly config: Readonly<Record<string, unknown>> = {};
  readonly dtype = "f32";
  readonly unusedTensors: readonly string[] = [];
  readonly maxLength = Number.POSITIVE_INFINITY;
  readonly device: string;
  readonly hiddenSize: number;
  readonly #rows: number;
  readonly #queue: CallQueue<{ readonly backend: Backend; readonly table: Table }>;

  constructor(backend: Backend, table: Table, label: string) {
    this.device = backend.name;
    this.hiddenSize = table.cols;
    this.#rows = table.rows;
    this.#queue = new CallQueue(`StaticEmbedding of ${label}`, { backend, table }, (parts) => parts.backend.dispose());
  }

  get backend(): Backend {
    return this.#queue.resource.backend;
  }

  static async load(files: ModelFiles, options: LoadOptions): Promise<StaticModel> {
    const table = await readModuleWeights(files, (weights) => readTable(weights, files.label), options.signal);
    const { backend } = await createBackend(options);
    return new StaticModel(backend, backend.table(table), files.label);
  }

  async forward(batch: readonly ModelInput[], { signal }: ForwardOptions = {}): Promise<ModelOutput> {
    const [hidden] = await this.computeHidden(batch, (_backend, x) => [x], { signal });
    const C = this.hiddenSize;
    let start = 0;
    const lastHiddenState = batch.map(({ ids }) => {
      const S = ids.length;
      const data = hidden!.slice(start, start + S * C);
      start += Math.max(S, 1) * C; // a text without tokens is one zero row in the pass
      return tensor("S C", [S, C], data);
    });
    return { lastHiddenState };
  }

  async computeHidden(
    batch: readonly ModelInput[],
    body: (backend: Backend, hidden: Mat, sequences: Sequences) => readonly Mat[],
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<Float32Array[]> {
    const isRow = (id: number) => Number.isInteger(id) && id >= 0 && id < this.#rows;
    const outside = batch.flatMap(({ ids }) => [...ids]).find((id) => !isRow(id));
    if (outside !== undefined)
      throw new WeightError(`token id ${outside} has no row in a table of ${this.#rows}; do tokenizer and model belong together?`);
    const rows = Int32Array.from(batch.flatMap(({ ids }) => (ids.length > 0 ? [...ids] : [-1])));
    const sequences = new Sequences(batch.map(({ ids }) => Math.max(ids.length, 1)));
    return this.#queue.run(
      ({ backend, table }) =>
        backend.pass(() => {
          const hidden = backend.alloc(rows.length, this.hiddenSize);
          backend.gather(hidden, table, rows);
          return body(backend, hidden, sequences);
        }),
      signal,
    );
  }

  dispose(): void {
    this.#queue.dispose();
  }
}

makeUsable(StaticModel);

/** The one matrix of a StaticEmbedding's file. */
async function readTable(weights: Safetensors, label: string): Promise<WeightMatrix> {
  const name = NAMES.find((candidate) => weights.tensors.has(candidate));
  const entry = name === undefined ? undefined : weights.tensors.get(name);
  if (name === undefined || entry?.shape.length !== 2 || !FLOATS.includes(entry.dtype)) {
    const found = [...weights.tensors].map(([other, { dtype, shape }]) => `${other} ${dtype} [${shape}]`);
    throw new WeightError(`${label}: expected a matrix of ${FLOATS.join(", ")} named ${NAMES.join(" or ")}, found ${found.join(", ")}`);
  }
  if (weights.tensors.has("mapping") || weights.tensors.has("weights")) {
    throw new UnsupportedError(
      `${label}: a model2vec file with a token mapping or weights; save it with sentence-transformers, which folds them in`,
    );
  }
  const [rows, cols] = entry.shape as [number, number];
  return { dtype: entry.dtype as WeightDType, rows, cols, bytes: await weights.bytes(name) };
}
