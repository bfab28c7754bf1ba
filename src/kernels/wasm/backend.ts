/**
 * WasmBackend: what the whole library adds to CoreWasmBackend: rotary embeddings, attention with relative terms, and weights read straight to shared memory.
 */
import type { AttentionOptions } from "../../tensor/attention.ts";
import type { Mat } from "../../tensor/mat.ts";
import type { Rotary } from "../../tensor/rotate.ts";
import type { Sequences } from "../../tensor/sequences.ts";
import type { LinearRoom, WeightMatrix } from "../../tensor/weights.ts";
import { ALL_KERNELS } from "./all-kernels.ts";
import type { AttentionPart } from "./attention.ts";
import { CoreWasmBackend, windowOf } from "./core-backend.ts";
import type { FeatureLevel } from "./level.ts";
import { addressOf, type WasmMemory } from "./memory.ts";
import { attendRelative } from "./relative-attention.ts";
import { reserveRoom } from "./room.ts";
import { stageIntegers } from "./stage.ts";

export class WasmBackend extends CoreWasmBackend {
  constructor(level: FeatureLevel, kernels = ALL_KERNELS, memory?: WasmMemory) {
    super(level, kernels, memory);
  }

  /** In shared memory only: what is not shared may move when it grows, while a file is being read to it. */
  override room(weights: readonly Omit<WeightMatrix, "bytes" | "scale">[]): LinearRoom | undefined {
    const memory = this.live();
    return memory.isShared ? reserveRoom(memory, weights, (...layer) => this.pack(...layer)) : undefined;
  }

  protected override computeRotate(out: Mat, x: Mat, { cos, sin, positions, heads }: Rotary): void {
    const addresses = [out, x, cos, sin].map((mat) => addressOf(mat));
    const staged = stageIntegers(this.live(), positions);
    this.call("rotate", ...addresses, staged, x.rows, heads, cos.cols, out.stride, x.stride, cos.stride);
  }

  protected override computeAttention(out: Mat, q: Mat, k: Mat, v: Mat, sequences: Sequences, options: AttentionOptions): void {
    this.attendAll(out, q, k, v, sequences, options);
  }
  protected override attend(out: Mat, q: Mat, k: Mat, v: Mat, sequences: Sequences, options: AttentionOptions, part: AttentionPart): void {
    if (!options.relative?.length) {
      super.attend(out, q, k, v, sequences, options, part);
      return;
    }
    const window = windowOf(options.window, sequences.lengthOf(part.b));
    const call = (kernel: string, ...args: number[]) => this.call(kernel, ...args);
    this.frame(() => attendRelative(this.live(), call, out, q, k, v, sequences, options, window, part));
  }
}
