/**
 * BERT's embeddings (Devlin et al. 2018, https://arxiv.org/abs/1810.04805, section 3):
 *
 *   x = layerNorm(word[id] + type[typeId] + position[p]),  and  x Wᵀ + b where the embedding size E differs from C (ALBERT, ELECTRA).
 *
 * The sum is taken in PyTorch's order. DistilBERT has no token types, DeBERTa no positions here.
 */

import type { Backend, Lookup, Norm } from "../tensor/backend.ts";
import type { Mat, Rows } from "../tensor/mat.ts";
import type { Linear, Table } from "../tensor/weights.ts";
import { loadNorm } from "./layer-norm.ts";
import { loadLinear } from "./linear.ts";
import type { TokenBatch } from "./tokens.ts";
import type { MatrixRole, Weights } from "./weights.ts";

/** Where the tensors are, relative to the encoder. */
export interface EmbeddingNames {
  readonly words: string;
  /** Absent: positions enter through attention alone (DeBERTa, rotary families). */
  readonly positions?: string | undefined;
  /** Absent: the family has no token types. */
  readonly types?: string;
  readonly norm: string;
  /** The projection from E to C, for families that factorise. */
  readonly project?: string;
}

export interface EmbeddingSizes {
  readonly V: number;
  readonly P: number;
  readonly E: number;
  readonly C: number;
  /** Rows of the token type table; 0 = none. */
  readonly typeCount: number;
  readonly eps: number;
}

export class Embeddings {
  readonly #words: Table;
  readonly #positions: Table | undefined;
  readonly #types: Table | undefined;
  readonly #norm: Norm;
  readonly #project: Linear | undefined;

  private constructor(words: Table, positions: Table | undefined, types: Table | undefined, norm: Norm, project: Linear | undefined) {
    this.#words = words;
    this.#positions = positions;
    this.#types = types;
    this.#norm = norm;
    this.#project = project;
  }

  static async load(weights: Weights, names: EmbeddingNames, { V, P, E, C, typeCount, eps }: EmbeddingSizes): Promise<Embeddings> {
    const { backend } = weights;
    const table = async (name: string, rows: number, role: MatrixRole) =>
      backend.table(await weights.matrix(`${name}.weight`, rows, E, role));
    const needsProject = names.project !== undefined && (E !== C || weights.has(`${names.project}.weight`));
    const [words, positions, types, norm, project] = await weights.all([
      () => table(names.words, V, "words"),
      async () => (names.positions ? table(names.positions, P, "small") : undefined),
      async () => (names.types && typeCount > 0 ? table(names.types, typeCount, "small") : undefined),
      () => loadNorm(weights.at(names.norm), E, eps),
      async () => (needsProject ? loadLinear(weights, names.project!, C, E, { role: "encoder" }) : undefined),
    ]);
    return new Embeddings(words, positions, types, norm, project);
  }

  /** out [rows, C] for the tokens `rows` of the batch; `positions` [T] are rows of the position table. */
  forward(backend: Backend, out: Mat, { ids, typeIds }: TokenBatch, positions: Int32Array, { first, count }: Rows): void {
    const part = (x: Int32Array) => x.subarray(first, first + count);
    const E = this.#words.cols;
    const lookups: Lookup[] = [{ table: this.#words, indices: part(ids) }];
    if (this.#types) lookups.push({ table: this.#types, indices: part(typeIds) });
    if (this.#positions) lookups.push({ table: this.#positions, indices: part(positions) });
    const sum = backend.alloc(count, E);
    backend.embed(sum, lookups);
    const normed = this.#project ? backend.alloc(count, E) : out;
    backend.layerNorm(normed, sum, this.#norm);
    if (this.#project) backend.project(out, normed, this.#project);
  }
}
