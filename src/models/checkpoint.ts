/**
 * Checkpoint: a safetensors file as the tree of modules that a model is.
 *
 * Layers push prefixes (`at`) and ask for each tensor with the shape it must have; a missing or mis-shaped tensor is a WeightError that says
 * what the file has nearby. Every tensor is read once. At the end `unused()` accounts for the rest of the file.
 *
 * int8 matrices come with `weight_scale` beside them (compressed-tensors, "int-quantized"). dtype "w8" quantises what may be int8 while reading,
 * dtype "f32" widens int8, "auto" takes the file as it is.
 */

import { WeightError } from "../errors.ts";
import { type LinearOptions, stackLinear } from "../layers/linear.ts";
import { inTurn, type Loads, type MatrixRole, type Spellings, type Weights } from "../layers/weights.ts";
import { nearbyTensors } from "../safetensors/nearby.ts";
import type { Safetensors, TensorEntry } from "../safetensors/types.ts";
import type { Backend } from "../tensor/backend.ts";
import { decodeMatrix } from "../tensor/weight-rows.ts";
import type { Linear, WeightDType, WeightMatrix } from "../tensor/weights.ts";
import { FLOAT_DTYPES, isQuantized, quantizeMatrix } from "./w8-policy.ts";

export interface CheckpointOptions {
  readonly dtype: "auto" | "f32" | "w8";
  readonly signal?: AbortSignal | undefined;
  /** Called after each tensor with the bytes read so far. */
  readonly onRead?: ((bytes: number) => void) | undefined;
  /** Called with each matrix that is int8 in the model and the name it has in the file (the quantiser listens). */
  readonly onInt8?: ((name: string, matrix: WeightMatrix) => void) | undefined;
  /** What reads a layer's matrices straight to the backend's memory; absent where files are on no disk. */
  readonly readInPlace?: ((store: Store, layer: LayerToRead) => Promise<Linear> | undefined) | undefined;
}

/** What all views (`at`) of one file share. */
export interface Store extends CheckpointOptions {
  readonly file: Safetensors;
  readonly backend: Backend;
  readonly label: string;
  readonly used: Set<string>;
  /** Matrices by role "words": a tied masked LM decoder asks for the table again. */
  readonly words: Map<string, WeightMatrix>;
  /** When the last two layers whose matrices are read and then packed are done. */
  turns: readonly [Promise<unknown>, Promise<unknown>];
  bytesRead: number;
  hasInt8: boolean;
}

export interface Found {
  readonly name: string;
  readonly entry: TensorEntry;
}

/** The matrices [N, K] of a layer, one below another, and how the checkpoint reads what belongs to them. */
export interface LayerToRead {
  readonly role: MatrixRole;
  readonly matrices: readonly Found[];
  readonly scalesOf: (matrix: Found) => Promise<Float32Array>;
  /** One [N] a matrix; none for a layer without. */
  readonly biases: () => Promise<Float32Array[]>;
  /** Told of each matrix that has come. */
  readonly isRead: (matrix: Found) => void;
}

export class Checkpoint implements Weights {
  readonly #store: Store;
  readonly #path: string;

  private constructor(store: Store, path: string) {
    this.#store = store;
    this.#path = path;
  }

  /** @param label names the file in error sentences */
  static of(file: Safetensors, backend: Backend, label: string, options: CheckpointOptions): Checkpoint {
    const done = Promise.resolve();
    const nothing = { used: new Set<string>(), words: new Map<string, WeightMatrix>(), bytesRead: 0, hasInt8: false };
    return new Checkpoint({ ...options, file, backend, label, turns: [done, done], ...nothing }, "");
  }

  get backend(): Backend {
    return this.#store.backend;
  }

  /** "w8" as soon as one matrix is int8. */
  get dtype(): "f32" | "w8" {
    return this.#store.hasInt8 ? "w8" : "f32";
  }

  at(path: string): Checkpoint {
    return path === "" ? this : new Checkpoint(this.#store, this.#full(path));
  }

  has(name: Spellings): boolean {
    return this.#find(name) !== undefined;
  }

  async matrix(spellings: Spellings, rows: number, cols: number, role: MatrixRole): Promise<WeightMatrix> {
    const { dtype, words } = this.#store;
    const { name, entry } = this.#entry(spellings, [rows, cols]);
    const known = words.get(name);
    if (known) return known;
    let matrix: WeightMatrix;
    if (entry.dtype === "I8") {
      const scale = await this.#scale(name, rows);
      matrix = { dtype: "I8", rows, cols, bytes: await this.#read(name), scale };
      if (dtype === "f32") matrix = asF32(decodeMatrix(matrix), rows, cols);
    } else if (dtype === "w8" && isQuantized(role)) {
      matrix = quantizeMatrix(await this.#floats(name, entry), rows, cols);
    } else if (FLOAT_DTYPES.has(entry.dtype)) {
      matrix = { dtype: entry.dtype as WeightDType, rows, cols, bytes: await this.#read(name) };
    } else {
      matrix = asF32(await this.#floats(name, entry), rows, cols);
    }
    if (matrix.dtype === "I8") {
      this.#store.hasInt8 = true;
      this.#store.onInt8?.(name, matrix);
    }
    if (role === "words") words.set(name, matrix);
    return matrix;
  }

  async all<T extends readonly unknown[]>(loads: Loads<T>): Promise<T> {
    return this.#store.file.bytesInto ? (Promise.all(loads.map((load) => load())) as unknown as Promise<T>) : inTurn(loads);
  }

  /** Where the backend has room for it, the file is read straight there; else one layer is read while another is packed, so that no more of their bytes are in memory. */
  async linear(modules: readonly string[], N: number, K: number, options: LinearOptions): Promise<Linear> {
    const { file, readInPlace } = this.#store;
    const { role, bias = true } = options;
    const inPlace =
      file.bytesInto &&
      readInPlace?.(this.#store, {
        role,
        matrices: modules.map((module) => this.#entry(`${module}.weight`, [N, K])),
        scalesOf: ({ name }) => this.#scale(name, N),
        biases: () => Promise.all(bias ? modules.map((module) => this.vector(`${module}.bias`, N)) : []),
        isRead: ({ name }) => this.#count(name),
      });
    if (inPlace) return inPlace;
    const [ready, next] = this.#store.turns;
    const linear = ready.then(() => stackLinear(this, modules, N, K, options));
    this.#store.turns = [next, linear.catch(() => undefined)];
    return linear;
  }

  async floats(spellings: Spellings, rows: number, cols: number, role: MatrixRole): Promise<Float32Array> {
    return decodeMatrix(await this.matrix(spellings, rows, cols, role));
  }

  async vector(spellings: Spellings, length: number): Promise<Float32Array> {
    const { name, entry } = this.#entry(spellings, [length]);
    return this.#floats(name, entry);
  }

  /**
   * The tensors that nothing asked for.
   * @param isKnown says of a name whether it belongs to another head, a pooler or a buffer of this family
   * @throws WeightError for any other name
   */
  unused(isKnown: (name: string) => boolean): string[] {
    const { file, used, label } = this.#store;
    const rest = [...file.tensors.keys()].filter((name) => !used.has(name));
    const strange = rest.filter((name) => !isKnown(name.replace(/\.weight_scale$/, ".weight")));
    if (strange.length > 0) {
      const shown = strange.slice(0, 3).map((name) => `${name} [${file.tensors.get(name)!.shape}]`);
      throw new WeightError(
        `${label}: ${strange.length} tensor${strange.length > 1 ? "s are" : " is"} unknown to this architecture: ${shown.join(", ")}${strange.length > 3 ? ", ..." : ""}; do config.json and the weights belong together?`,
      );
    }
    return rest;
  }

  #full(name: string): string {
    return this.#path === "" ? name : `${this.#path}.${name}`;
  }

  #find(spellings: Spellings): string | undefined {
    const names = typeof spellings === "string" ? [spellings] : spellings;
    return names.map((name) => this.#full(name)).find((name) => this.#store.file.tensors.has(name));
  }

  /** The entry of the tensor, which from now on counts as used. */
  #entry(spellings: Spellings, shape: readonly number[]): Found {
    const { file, used, label } = this.#store;
    const name = this.#find(spellings);
    if (name === undefined) {
      const wanted = (typeof spellings === "string" ? [spellings] : spellings).map((spelling) => this.#full(spelling));
      throw new WeightError(
        `${label}: expected the tensor ${wanted.join(" or ")} [${shape}], which is missing; ${nearbyTensors(wanted[0]!, file.tensors)}`,
      );
    }
    const entry = file.tensors.get(name)!;
    if (entry.shape.length !== shape.length || entry.shape.some((length, axis) => length !== shape[axis])) {
      throw new WeightError(
        `${label}: expected the tensor ${name} to be [${shape}] as config.json says, found [${entry.shape}]; do config.json and the weights belong together?`,
      );
    }
    used.add(name);
    return { name, entry };
  }

  /** The scales of an int8 matrix: [rows, 1] or [rows], or one for all rows. */
  async #scale(name: string, rows: number): Promise<Float32Array> {
    const { file, used, label } = this.#store;
    const scaleName = `${name}_scale`;
    const entry = file.tensors.get(scaleName);
    const count = entry?.shape.reduce((product, length) => product * length, 1);
    if (!entry || (count !== rows && count !== 1)) {
      const found = entry ? `found [${entry.shape}]` : "which is missing";
      throw new WeightError(`${label}: ${name} is int8 and needs ${scaleName} [${rows}, 1], ${found}`);
    }
    used.add(scaleName);
    const scale = await this.#floats(scaleName, entry);
    return count === rows ? scale : new Float32Array(rows).fill(scale[0]!);
  }

  async #read(name: string): Promise<Uint8Array> {
    this.#store.signal?.throwIfAborted();
    const bytes = await this.#store.file.bytes(name);
    this.#count(name);
    return bytes;
  }

  async #floats(name: string, entry: TensorEntry): Promise<Float32Array> {
    const { file, label, signal } = this.#store;
    if (!/^(F|BF)\d/.test(entry.dtype)) {
      throw new WeightError(`${label}: expected the tensor ${name} to hold floats, found ${entry.dtype} [${entry.shape}]`);
    }
    signal?.throwIfAborted();
    const floats = await file.floats(name);
    this.#count(name);
    return floats;
  }

  #count(name: string): void {
    const entry = this.#store.file.tensors.get(name)!;
    this.#store.bytesRead += entry.end - entry.start;
    this.#store.onRead?.(this.#store.bytesRead);
  }
}

function asF32(values: Float32Array, rows: number, cols: number): WeightMatrix {
  return { dtype: "F32", rows, cols, bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
}
