/**
 * The one WebAssembly.Memory of a model, as three regions:
 *
 *     constants   packed weights, norm weights; reserved at load, never moved
 *     scratch     a stack above them: `mark` and `release` are a frame, `alloc` is an addition
 *     staged      what JavaScript writes during a pass (token rows, indices) lies between scratch and is pinned until the pass ends:
 *                 kernels may read it later than it was written, when calls are recorded for threads
 *
 * Memory grows when a stack passes its end, which happens the first time a shape is seen: a repeated shape finds it large enough (`growths` counts).
 * Growing detaches the ArrayBuffer of an unshared memory, so views are derived anew from `memory.buffer` where they are used and never kept.
 */
import { UnsupportedError } from "../../errors.ts";
import type { Mat } from "../../tensor/mat.ts";

const PAGE = 65536;
/** Everything starts on a cache line. */
const ALIGNMENT = 64;
/** Beyond this a wasm32 memory cannot grow. */
const MAX_PAGES = 65536;
/** 1 MiB. */
const LEAST_GROWTH = 16;

/** Addresses from here on mean "offset into the running thread's own scratch" (threads/commands.ts); no wasm32 address comes near. */
export const LOCAL = 2 ** 33;

const align = (bytes: number) => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

export class WasmMemory {
  readonly memory: WebAssembly.Memory;
  readonly isShared: boolean;
  #constantsEnd = ALIGNMENT; // address 0 stays free: kernels take it for "absent"
  #top = ALIGNMENT;
  #pinned = 0;
  #growths = 0;
  #peak = 0;
  #local = 0; // 0: not inside inLocal
  #localPeak = 0;
  #passPeak = 0;
  /** True while calls are recorded: what is staged then keeps out of scratch that earlier calls, which have not run yet, will use. */
  isDeferred = false;

  /** @throws UnsupportedError where the engine refuses the memory */
  constructor(shared?: WebAssembly.Memory) {
    this.isShared = shared !== undefined;
    try {
      this.memory = shared ?? new WebAssembly.Memory({ initial: 1 });
    } catch (error) {
      throw new UnsupportedError(`wasm: a memory was refused (${error}); use device "loops"`);
    }
  }

  /** How often the memory grew, in all. */
  get growths(): number {
    return this.#growths;
  }
  /** Bytes of scratch that the largest pass used. */
  get peakScratch(): number {
    return this.#peak;
  }
  /** Bytes of constants. */
  get constantBytes(): number {
    return this.#constantsEnd;
  }
  get bytes(): Uint8Array {
    return new Uint8Array(this.memory.buffer);
  }

  /** Address of `byteCount` bytes that stay. Only outside a pass. */
  reserve(byteCount: number): number {
    if (this.#top !== this.#constantsEnd) throw new Error("wasm memory: constants are reserved at load, not inside a pass");
    const at = this.#constantsEnd;
    this.#ensure(at + align(byteCount));
    this.#constantsEnd = at + align(byteCount);
    this.#top = this.#constantsEnd;
    return at;
  }

  /** Address of `byteCount` bytes of scratch, valid until the frame's release. */
  alloc(byteCount: number): number {
    if (this.#local === 0) return this.#allocShared(byteCount);
    const at = this.#local;
    this.#local += align(byteCount);
    this.#localPeak = Math.max(this.#localPeak, this.#local - LOCAL);
    return at;
  }

  #allocShared(byteCount: number): number {
    const at = this.#top;
    this.#ensure(at + align(byteCount));
    this.#top = at + align(byteCount);
    this.#passPeak = Math.max(this.#passPeak, this.#top);
    this.#peak = Math.max(this.#peak, this.#top - this.#constantsEnd);
    return at;
  }

  mark(): number {
    return this.#local === 0 ? this.#top : this.#local;
  }

  /** Ends the frame that `mark` began; staged bytes above stay. */
  release(mark: number): void {
    if (mark >= LOCAL) this.#local = mark;
    else this.#top = Math.max(mark, this.#pinned);
  }

  /** Inside `body`, alloc gives addresses from LOCAL on: offsets into the scratch of whichever thread will run what `body` records. */
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

  /** Address of `byteCount` bytes for JavaScript to write: scratch, which stays until the pass ends where the kernels that read it are recorded. */
  stage(byteCount: number): number {
    if (!this.isDeferred) return this.#allocShared(byteCount);
    this.#top = Math.max(this.#top, this.#passPeak);
    const at = this.#allocShared(byteCount);
    this.#pinned = this.#top;
    return at;
  }

  /** Ends a pass: scratch and what was staged are free again. */
  reset(): void {
    this.#top = this.#constantsEnd;
    this.#pinned = 0;
    this.#passPeak = 0;
  }

  #ensure(end: number): void {
    const size = this.memory.buffer.byteLength;
    if (end <= size) return;
    const needed = Math.ceil((end - size) / PAGE);
    if (size / PAGE + needed > MAX_PAGES) throw this.#refused(end);
    // Untouched pages cost nothing, each growth some microseconds: an eighth more than is there.
    const pages = Math.min(Math.max(needed, LEAST_GROWTH, size / PAGE / 8), MAX_PAGES - size / PAGE);
    if (!this.#grow(Math.floor(pages)) && !this.#grow(needed)) throw this.#refused(end);
    this.#growths++;
  }

  #grow(pages: number): boolean {
    try {
      this.memory.grow(pages);
      return true;
    } catch {
      return false;
    }
  }

  #refused(end: number): UnsupportedError {
    const mebibytes = (bytes: number) => Math.ceil(bytes / 2 ** 20);
    return new UnsupportedError(
      `wasm: ${mebibytes(end)} MiB are needed, and the engine gives no more than the ${mebibytes(this.memory.buffer.byteLength)} there are; use dtype "w8", a smaller token budget or device "loops"`,
    );
  }
}

/** Byte address of element (row, col) of a Mat in wasm memory. */
export function addressOf(x: Mat, row = 0, col = 0): number {
  return (x.offset + row * x.stride + col) * 4;
}
