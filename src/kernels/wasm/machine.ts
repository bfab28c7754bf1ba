/**
 * WasmMachine: the memory and the kernels of a wasm backend, and what goes into them at load; the ops are in core-backend.ts and backend.ts.
 * Linear weights are packed into GEMM panels, embedding tables stay in the file's bytes, Mats are views of one WebAssembly.Memory.
 *
 * All work goes through `call`: a kernel's name and a row of numbers. The threaded backend records them instead.
 */
import { DisposedError } from "../../errors.ts";
import { Backend } from "../../tensor/backend.ts";
import { expectLength } from "../../tensor/checks.ts";
import { Mat } from "../../tensor/mat.ts";
import { checkLinear, checkWeight } from "../../tensor/weight-rows.ts";
import type { Linear, Table, WeightMatrix } from "../../tensor/weights.ts";
import { levelName } from "./features.ts";
import { instantiateKernels, type KernelSet, type Kernels, kernelModule } from "./kernel-set.ts";
import type { FeatureLevel } from "./level.ts";
import type { WasmMemory } from "./memory.ts";
import { type PackedLinear, packedSize, packLinear } from "./pack.ts";

/** Rows of a block of a stretch: every block reads all weights, and from 256 rows on that is hidden behind the arithmetic (measured 5% faster than 96 in f32). */
const LARGEST_BLOCK = 256;

export abstract class WasmMachine extends Backend {
  readonly name: string = "wasm";
  readonly level: string;
  #memory: WasmMemory | undefined;
  #kernels: Kernels | undefined;

  /** @throws UnsupportedError where WebAssembly SIMD is missing or forbidden, or memory is refused */
  constructor(kernels: KernelSet, level: FeatureLevel, memory: WasmMemory) {
    super();
    this.level = levelName(level);
    this.#memory = memory;
    this.#kernels = instantiateKernels(kernelModule(kernels, level), memory.memory);
  }

  /** Counters of the memory: growths, peak scratch and constants in bytes. */
  get usage(): { growths: number; peakScratch: number; constantBytes: number } {
    const { growths, peakScratch, constantBytes } = this.live();
    return { growths, peakScratch, constantBytes };
  }

  // ------------------------------------------------------------ memory
  alloc(rows: number, cols: number): Mat {
    const memory = this.live();
    return new Mat(memory, memory.alloc(rows * cols * 4) / 4, rows, cols);
  }
  frame<R>(body: () => R): R {
    const memory = this.live();
    const mark = memory.mark();
    try {
      return body();
    } finally {
      memory.release(mark);
    }
  }
  constant(data: Float32Array, rows: number, cols: number): Mat {
    expectLength("constant", data, rows, cols);
    const memory = this.live();
    const at = memory.reserve(data.length * 4);
    new Float32Array(memory.memory.buffer, at, data.length).set(data);
    return new Mat(memory, at / 4, rows, cols);
  }
  async pass(body: () => readonly Mat[]): Promise<Float32Array[]> {
    const memory = this.live();
    try {
      return this.copies(body());
    } finally {
      memory.reset();
    }
  }
  protected copies(results: readonly Mat[]): Float32Array[] {
    return results.map((result) => copyOut(this.live().memory.buffer, result));
  }
  protected override get blockRows(): number {
    return LARGEST_BLOCK;
  }
  dispose(): void {
    this.#memory = undefined;
    this.#kernels = undefined;
  }

  protected live(): WasmMemory {
    if (this.#memory === undefined) throw new DisposedError("wasm: this backend has been disposed; load the model again");
    return this.#memory;
  }

  /** Runs a kernel now; the threaded backend records it. */
  protected call(kernel: string, ...args: number[]): void {
    this.#kernels![kernel]!(...args);
  }

  // ------------------------------------------------------------ weights
  linear(weights: readonly WeightMatrix[], bias?: Float32Array): Linear {
    const memory = this.live();
    checkLinear(weights, bias);
    return this.pack(weights, memory.reserve(packedSize(weights).byteCount), bias);
  }
  /** Packs a layer to `panels`, where constants have room for it. */
  protected pack(weights: readonly WeightMatrix[], panels: number, bias: Float32Array | undefined): PackedLinear {
    const memory = this.live();
    return this.frame(() => packLinear(this.#kernels!, weights, bias, panels, memory.alloc(packedSize(weights).stagingBytes)));
  }
  /** The handle of a table is the weight itself. */
  table(weight: WeightMatrix): Table {
    checkWeight(weight);
    return weight;
  }
}

/** A dense copy of a Mat. */
function copyOut(buffer: ArrayBufferLike, { offset, rows, cols, stride }: Mat): Float32Array {
  const all = new Float32Array(buffer);
  if (stride === cols) return all.slice(offset, offset + rows * cols);
  const copy = new Float32Array(rows * cols);
  for (let t = 0; t < rows; t++) copy.set(all.subarray(offset + t * stride, offset + t * stride + cols), t * cols);
  return copy;
}
