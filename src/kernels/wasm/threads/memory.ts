/**
 * The memory of a model on several threads, where a pass is recorded before it runs: what JavaScript stages stays until the pass ends, out of scratch that
 * earlier calls, which have not run yet, will use; and what a task allocates is an offset into the scratch of whichever thread will run it.
 */
import { align, WasmMemory } from "../memory.ts";

/** Addresses from here on mean "offset into the running thread's own scratch" (commands.ts); no wasm32 address comes near. */
export const LOCAL = 2 ** 33;

export class DeferredMemory extends WasmMemory {
  #pinned = 0;
  #passPeak = 0;
  #local = 0; // 0: not inside inLocal
  #localPeak = 0;
  #stagings = 0;

  override alloc(byteCount: number): number {
    if (this.#local === 0) return this.#allocShared(byteCount);
    const at = this.#local;
    this.#local += align(byteCount);
    this.#localPeak = Math.max(this.#localPeak, this.#local - LOCAL);
    return at;
  }

  #allocShared(byteCount: number): number {
    const at = super.alloc(byteCount);
    this.#passPeak = Math.max(this.#passPeak, this.top);
    return at;
  }

  override mark(): number {
    return this.#local || this.top;
  }

  /** What was staged above stays. */
  override release(mark: number): void {
    if (mark >= LOCAL) this.#local = mark;
    else this.top = Math.max(mark, this.#pinned);
  }

  /** Inside `body`, alloc gives addresses from LOCAL on. */
  inLocal(body: () => void): void {
    const outer = this.#local;
    this.#local = outer || LOCAL;
    try {
      body();
    } finally {
      this.#local = outer;
    }
  }
  /** Bytes of thread-local scratch that the largest recorded task used. */
  get localPeak(): number {
    return this.#localPeak;
  }

  /** End of the scratch that this pass has used so far. */
  get passPeak(): number {
    return this.#passPeak;
  }
  /** How often something was staged, in all. */
  get stagings(): number {
    return this.#stagings;
  }

  override stage(byteCount: number): number {
    this.#stagings++;
    if (!this.isDeferred) return this.#allocShared(byteCount);
    this.top = Math.max(this.top, this.#passPeak);
    const at = this.#allocShared(byteCount);
    this.#pinned = this.top;
    return at;
  }

  override reset(): void {
    super.reset();
    this.#pinned = 0;
    this.#passPeak = 0;
  }
}
